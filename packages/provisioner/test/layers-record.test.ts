import { decodeRecord, encodeRecord } from '@keelson/store';
import { listContainers, readProvisionedContainers } from '@keelson/provisioner';
import { describe, expect, it } from 'vitest';
import { MemoryFiles } from './support/memory-files.js';
import { docker, paths, recoveredProvisioner } from './support/simulated-provisioner.js';

const recorded = { rootfsId: 'x', backend: 'copy', reference: 'r', digest: 'd', layers: [] };

describe('readProvisionedContainers', () => {
  it('reads what the provisioner has written, without asking it', () => {
    const { runtime, provisioner, files } = recoveredProvisioner();
    provisioner.provision('web', docker('alpine'));
    provisioner.provision('web.debug', docker('busybox'));
    runtime.settle();
    const containers = provisioner.containers();
    runtime.settle();

    expect(readProvisionedContainers(paths, files).get()).toEqual(containers.get());
  });

  it.each([
    ['a rootfs id that climbs', { rootfses: [{ ...recorded, rootfsId: '../../x' }] }],
    ['a backend that climbs', { rootfses: [{ ...recorded, backend: '..' }] }],
    ['layers that are no list', { rootfses: [{ ...recorded, layers: 'a' }] }],
    ['no list at all', {}],
  ])('takes a record with %s for unknown layers', (_, payload) => {
    const files = new MemoryFiles();
    const format = { name: 'keelson.container-layers', version: 1, parse: (value: unknown) => value };
    files.put(paths.layers('web'), Buffer.from(encodeRecord(format, payload)).toString());
    expect(decodeRecord(format, files.text(paths.layers('web')) ?? '').ok).toBe(true);

    const [container] = readProvisionedContainers(paths, files).get();

    expect(container?.rootfses).toEqual([]);
    expect(container?.layersUnknown).toContain(paths.layers('web'));
  });

  it('marks one container only when its folder cannot be listed', () => {
    const files = new MemoryFiles();
    files.makeDirectories(paths.backends('web'));
    files.makeDirectories(paths.container('db'));
    files.break('list', paths.backends('web'), 'EIO');

    const containers = readProvisionedContainers(paths, files).get();

    expect(containers.map(({ id, layersUnknown }) => [id, layersUnknown !== undefined])).toEqual([
      ['db', false],
      ['web', true],
    ]);
    expect(listContainers(paths, files).get()).toEqual(['db', 'web']);
  });
});
