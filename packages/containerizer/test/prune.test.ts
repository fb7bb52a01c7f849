import type { ContainerConfig } from '@keelson/containerizer';
import type { ImageName } from '@keelson/provisioner';
import { describe, expect, it } from 'vitest';
import { app, failureOf, NativeWorld } from './support/native-world.js';

const image = (name: string): ImageName => ({ type: 'DOCKER', name });
const names = (world: NativeWorld) =>
  world.provisioner.pruned
    .at(-1)
    ?.map(({ name }) => name)
    .toSorted();

describe('native: pruning images', () => {
  it('excludes the images of every running container, image volumes included (T2), each once', () => {
    const world = new NativeWorld();
    const volumes: ContainerConfig['volumes'] = [
      { image: image('volume'), containerPath: '/data', readOnly: true },
      { image: image('app'), containerPath: '/again', readOnly: true },
    ];
    world.launch('one', { ...app, volumes });
    world.launch('two');

    world.run(world.containerizer.pruneImages([image('app'), image('mine')]));

    expect(names(world)).toEqual(['app', 'mine', 'volume']);
  });

  it('protects the images of nested containers and of root filesystems alone', () => {
    const world = new NativeWorld();
    world.files.file('/rootfs/other/bin/app', '\x7fELF', 0o755);
    world.launch('one');
    world.launch('one.nested', { image: image('other') });
    world.launch('tree', { image: image('volume'), provisionOnly: true });

    world.run(world.containerizer.pruneImages([]));

    expect(names(world)).toEqual(['app', 'other', 'volume']);
  });

  it('protects nothing for a container that has ended', () => {
    const world = new NativeWorld();
    world.launch('web');
    world.run(world.containerizer.destroy('web'));

    world.run(world.containerizer.pruneImages([]));

    expect(names(world)).toEqual([]);
  });

  it('refuses, naming the container, when one has no readable checkpointed configuration', () => {
    const before = new NativeWorld();
    before.launch('web');
    before.files.file('/root/runtime/containers/web/config', 'damaged');
    const world = new NativeWorld({ after: before });

    const pruned = world.run(world.containerizer.pruneImages([]));

    expect(failureOf(pruned)).toMatchObject({
      code: 'CONTAINER_CONFIG_UNKNOWN',
      message: expect.stringContaining("'web'") as string,
    });
    expect(world.provisioner.pruned).toEqual([]);
  });

  it('is possible again once that container has ended', () => {
    const before = new NativeWorld();
    before.launch('web');
    before.files.nodes.delete('/root/runtime/containers/web/config');
    const world = new NativeWorld({ after: before });

    world.run(world.containerizer.destroy('web')).get();

    expect(world.run(world.containerizer.pruneImages([])).isReady()).toBe(true);
  });

  it('refuses before recovery has told which containers there are (T3)', () => {
    const world = new NativeWorld({ recover: false });

    expect(failureOf(world.run(world.containerizer.pruneImages([]))).code).toBe('RECOVERING');
    expect(world.provisioner.pruned).toEqual([]);
  });

  it('tells who uses what apart from what the caller excludes, so that a report can name the container', () => {
    const world = new NativeWorld();
    world.provisioner.manual = true;
    world.launch('web', { ...app, volumes: [{ image: image('oci:/srv/app:1'), containerPath: '/v', readOnly: true }] });

    world.run(world.containerizer.pruneImages([image('mine')]));

    expect(world.provisioner.prunes.at(-1)).toEqual({
      excluded: [image('mine')],
      users: [{ container: 'web', images: [image('app'), image('oci:/srv/app:1')] }],
    });
  });
});
