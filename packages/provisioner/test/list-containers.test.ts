import { listContainers, listRootfses } from '@keelson/provisioner';
import { describe, expect, it } from 'vitest';
import { MemoryFiles } from './support/memory-files.js';
import { paths } from './support/simulated-provisioner.js';

describe('listContainers', () => {
  it('lists five containers of which three have a folder of their own, parents first', () => {
    const files = new MemoryFiles();
    for (const id of ['one.child1', 'one.child2', 'two.child3']) files.makeDirectories(paths.backends(id));

    expect(listContainers(paths, files).get()).toEqual(['one', 'one.child1', 'one.child2', 'two', 'two.child3']);
  });

  it('finds none before anything was provisioned', () => {
    expect(listContainers(paths, new MemoryFiles()).get()).toEqual([]);
  });

  it('warns about what is no directory or no name of a container, and passes over it', () => {
    const files = new MemoryFiles();
    files.makeDirectories(paths.container('web'));
    files.put(`${paths.containers}/stray`, '');
    files.makeDirectories(`${paths.containers}/web.debug`);
    const warnings: string[] = [];

    expect(listContainers(paths, files, { warn: (warning) => warnings.push(warning) }).get()).toEqual(['web']);
    expect(warnings).toEqual([
      `Passing over '${paths.containers}/stray': not a directory`,
      `Passing over '${paths.containers}/web.debug': no name of a container`,
    ]);
  });

  it('fails when the folder cannot be read, so that nobody takes it for empty', () => {
    const files = new MemoryFiles();
    files.break('list', paths.containers, 'EACCES');

    expect(listContainers(paths, files).failure().message).toContain('EACCES');
  });
});

describe('listRootfses', () => {
  it('lists the root filesystems of every backend, those of backends unknown here too', () => {
    const files = new MemoryFiles();
    files.makeDirectories(paths.rootfs('web', 'copy', 'r1'));
    files.makeDirectories(paths.rootfs('web', 'aufs', 'r2'));

    expect(listRootfses('web', paths, files).get()).toEqual([
      { backend: 'aufs', rootfsId: 'r2', rootfs: paths.rootfs('web', 'aufs', 'r2') },
      { backend: 'copy', rootfsId: 'r1', rootfs: paths.rootfs('web', 'copy', 'r1') },
    ]);
  });

  it.each([
    ['no backends folder', paths.container('web')],
    ['no rootfses folder (MESOS-7471)', paths.backend('web', 'overlay')],
    ['an empty rootfses folder', paths.rootfses('web', 'overlay')],
  ])('answers none for %s', (_, directory) => {
    const files = new MemoryFiles();
    files.makeDirectories(directory);

    expect(listRootfses('web', paths, files).get()).toEqual([]);
  });
});
