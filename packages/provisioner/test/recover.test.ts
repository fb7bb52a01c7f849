import { putAsidePath, readProvisionedContainers } from '@keelson/provisioner';
import { describe, expect, it } from 'vitest';
import { docker, paths, recoveredProvisioner, simulatedProvisioner } from './support/simulated-provisioner.js';
import type { MemoryFiles } from './support/memory-files.js';

/** The files an earlier life left behind, with a container for each id. */
function leftBehind(...ids: string[]): MemoryFiles {
  const { runtime, provisioner, files } = recoveredProvisioner();
  for (const id of ids) provisioner.provision(id, docker('alpine'));
  runtime.settle();
  return files;
}

describe('recover', () => {
  it('takes up the containers of an earlier life, which can be provisioned further and destroyed', () => {
    const files = leftBehind('web');
    const { runtime, provisioner, store } = simulatedProvisioner({ files });
    store.add('busybox', ['a', 'c']);
    const recovered = provisioner.recover(['web']);
    runtime.settle();
    provisioner.provision('web', docker('busybox'));
    runtime.settle();

    const containers = provisioner.containers();
    runtime.settle();
    const destroyed = provisioner.destroy('web');
    runtime.settle();

    expect(recovered.isReady()).toBe(true);
    expect(containers.get()[0]?.rootfses.map(({ layers }) => layers)).toEqual([['a', 'b'], ['a', 'c']]);
    expect(destroyed.get()).toBe(true);
    expect(files.has(paths.container('web'))).toBe(false);
  });

  it('destroys unknown containers, children first', () => {
    const files = leftBehind('web', 'web.debug', 'db');
    const { runtime, provisioner, backend } = simulatedProvisioner({ files });

    const recovered = provisioner.recover(['db']);
    runtime.settle();

    expect(recovered.isReady()).toBe(true);
    expect(backend.destroyed.map((rootfs) => rootfs.includes('/debug/'))).toEqual([true, false]);
    expect(files.has(paths.container('web'))).toBe(false);
    expect(files.has(paths.container('db'))).toBe(true);
  });

  it('finishes the removals that a crash cut short, and tells nobody of them', () => {
    const files = leftBehind('web', 'web.debug');
    const left = [paths.container('db'), paths.container('web.cache')].map(putAsidePath);
    for (const path of left) files.put(`${path}/layers`, 'half of it');
    const { runtime, provisioner, warnings } = simulatedProvisioner({ files });

    expect(readProvisionedContainers(paths, files).get().map(({ id }) => id)).toEqual(['web', 'web.debug']);
    provisioner.recover(['web', 'web.debug']);
    runtime.settle();

    expect(left.map((path) => files.has(path))).toEqual([false, false]);
    expect(warnings).toEqual([]);
  });

  it('keeps the parents of a known container', () => {
    const files = leftBehind('web', 'web.debug');
    const { runtime, provisioner, backend } = simulatedProvisioner({ files });

    provisioner.recover(['web.debug']);
    runtime.settle();

    expect(backend.destroyed).toEqual([]);
  });

  it('keeps what it cannot destroy protected, and the agent starts all the same', () => {
    const files = leftBehind('web');
    const { runtime, provisioner, backend, actor } = simulatedProvisioner({ files });
    backend.failing = { destroy: '/web/' };

    const recovered = provisioner.recover([]);
    runtime.settle();
    const layers = provisioner.layersInUse();
    runtime.settle();

    expect(recovered.isReady()).toBe(true);
    expect(layers.get()).toEqual(['a', 'b']);
    expect(actor.removeContainerErrors.count).toBe(1);
  });

  it('warns about a backend that is not available, keeping the data and its layers (T12)', () => {
    const files = leftBehind('web');
    const { runtime, provisioner, warnings } = simulatedProvisioner({ files }, { backends: new Map() });

    const recovered = provisioner.recover(['web']);
    runtime.settle();
    const layers = provisioner.layersInUse();
    const destroyed = provisioner.destroy('web');
    runtime.settle();

    expect(recovered.isReady()).toBe(true);
    expect(warnings[0]).toContain(`backend 'copy'`);
    expect(layers.get()).toEqual(['a', 'b']);
    expect(destroyed.failure().message).toContain(`backend 'copy'`);
    expect(files.has(paths.layers('web'))).toBe(true);
  });

  it.each([
    ['corrupt', 'not a record'],
    ['empty', ''],
  ])('does not fail for a %s record, and lets nothing hide it', (_, text) => {
    const files = leftBehind('web');
    files.put(paths.layers('web'), text);
    const { runtime, provisioner, store, warnings } = simulatedProvisioner({ files });
    store.add('alpine', ['a']);

    const recovered = provisioner.recover(['web']);
    runtime.settle();
    const info = provisioner.provision('web', docker('alpine'));
    runtime.settle();

    expect(recovered.isReady()).toBe(true);
    expect(warnings[0]).toContain(paths.layers('web'));
    expect(info.failure()).toMatchObject({ code: 'INVENTORY_INCOMPLETE' });
    expect(files.text(paths.layers('web'))).toBe(text);
  });

  it('takes a root filesystem without a record for unknown layers', () => {
    const files = leftBehind('web');
    files.removeTree(paths.layers('web'));
    const { runtime, provisioner } = simulatedProvisioner({ files });
    provisioner.recover(['web']);
    runtime.settle();

    const pruned = provisioner.pruneImages([]);
    runtime.settle();

    expect(pruned.failure()).toMatchObject({ code: 'INVENTORY_INCOMPLETE' });
  });

  it('protects what was recorded though its root filesystem was never made', () => {
    const files = leftBehind('web');
    files.removeTree(paths.backends('web'));
    const { runtime, provisioner } = simulatedProvisioner({ files });
    provisioner.recover(['web']);
    runtime.settle();

    const layers = provisioner.layersInUse();
    runtime.settle();

    expect(layers.get()).toEqual(['a', 'b']);
  });

  it('recovers the stores, and serves nothing before', () => {
    const { runtime, provisioner, store } = simulatedProvisioner();
    store.close('recover');
    const recovered = provisioner.recover([]);
    runtime.settle();
    const info = provisioner.provision('web', docker('alpine'));
    const destroyed = provisioner.destroy('web');
    runtime.settle();

    expect(recovered.isPending()).toBe(true);
    expect(info.failure()).toMatchObject({ code: 'NOT_RECOVERED' });
    expect(destroyed.failure()).toMatchObject({ code: 'NOT_RECOVERED' });
  });

  it('fails when the containers cannot be listed', () => {
    const { runtime, provisioner, files, store } = simulatedProvisioner();
    files.break('list', paths.containers, 'EIO');

    const recovered = provisioner.recover([]);
    runtime.settle();
    expect(recovered.failure()).toMatchObject({ code: 'CONTAINERS_UNREADABLE' });
    expect(store.calls).toEqual([]);

    files.heal();
    const again = provisioner.recover([]);
    runtime.settle();
    expect(again.isReady()).toBe(true);
  });
});
