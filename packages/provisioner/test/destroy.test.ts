import { putAsidePath, readProvisionedContainers } from '@keelson/provisioner';
import { describe, expect, it } from 'vitest';
import type { SimulatedProvisioner } from './support/simulated-provisioner.js';
import { docker, paths, recoveredProvisioner } from './support/simulated-provisioner.js';

function provisioned(...ids: string[]): SimulatedProvisioner {
  const simulated = recoveredProvisioner();
  for (const id of ids) simulated.provisioner.provision(id, docker('alpine'));
  simulated.runtime.settle();
  return simulated;
}

function layersOf({ runtime, provisioner }: SimulatedProvisioner): readonly string[] {
  const layers = provisioner.layersInUse();
  runtime.settle();
  return layers.get();
}

describe('destroy', () => {
  it('takes the root filesystem down and leaves nothing of the container', () => {
    const simulated = provisioned('web');
    const { runtime, provisioner, files } = simulated;

    const destroyed = provisioner.destroy('web');
    runtime.settle();

    expect(destroyed.get()).toBe(true);
    expect(files.has(paths.container('web'))).toBe(false);
    expect(layersOf(simulated)).toEqual([]);
  });

  it('answers false for an unknown container', () => {
    const { runtime, provisioner } = provisioned();
    const destroyed = provisioner.destroy('web');
    runtime.settle();
    expect(destroyed.get()).toBe(false);
  });

  it('is done once however many ask, and nobody can call it off', () => {
    const { runtime, provisioner, backend } = provisioned('web');
    backend.close('destroy');
    const first = provisioner.destroy('web');
    const second = provisioner.destroy('web');
    runtime.settle();

    first.discard();
    runtime.settle();
    backend.open('destroy');
    runtime.settle();

    expect([first.get(), second.get()]).toEqual([true, true]);
    expect(backend.destroyed).toHaveLength(1);
  });

  it('destroys nested containers first, whatever their depth', () => {
    const { runtime, provisioner, backend } = provisioned('web', 'web.a.b', 'web.c');

    const destroyed = provisioner.destroy('web');
    runtime.settle();

    expect(destroyed.get()).toBe(true);
    const order = backend.destroyed.map((rootfs) => /containers\/(.*)\/backends/.exec(rootfs)?.[1]);
    expect(order.at(-1)).toBe('web');
    expect(order.toSorted()).toEqual(['web', 'web/containers/a/containers/b', 'web/containers/c']);
  });

  it('destroys a parent of which only the child has an image', () => {
    const { runtime, provisioner, files } = provisioned('web.debug');

    const child = provisioner.destroy('web.debug');
    runtime.settle();
    const parent = provisioner.destroy('web');
    runtime.settle();

    expect([child.get(), parent.get()]).toEqual([true, true]);
    expect(files.has(paths.container('web'))).toBe(false);
  });

  it('keeps the record when it fails, and tries again when asked again (T32)', () => {
    const simulated = provisioned('web');
    const { runtime, provisioner, backend, actor } = simulated;
    backend.failing = { destroy: '/web/' };
    const failed = provisioner.destroy('web');
    runtime.settle();
    expect(failed.failure()).toMatchObject({ code: 'DESTROY_FAILED' });
    expect(layersOf(simulated)).toEqual(['a', 'b']);
    expect(actor.removeContainerErrors.count).toBe(1);

    backend.failing = {};
    const again = provisioner.destroy('web');
    runtime.settle();

    expect(again.get()).toBe(true);
    expect(layersOf(simulated)).toEqual([]);
  });

  it('fails the parent when a nested container fails, and never leaves it pending (T5)', () => {
    const simulated = provisioned('web', 'web.debug');
    const { runtime, provisioner, backend } = simulated;
    backend.failing = { destroy: '/containers/debug/' };

    const first = provisioner.destroy('web');
    runtime.settle();
    const second = provisioner.destroy('web');
    runtime.settle();

    expect(first.failure().message).toContain(`nested in 'web'`);
    expect(second.isFailed()).toBe(true);
    expect(layersOf(simulated)).toEqual(['a', 'b']);

    const pruned = provisioner.pruneImages([]);
    runtime.settle();
    expect(pruned.isReady()).toBe(true);
  });

  it('takes one lease for a whole tree: a prune queued behind it blocks nobody (T6)', () => {
    const { runtime, provisioner, store } = provisioned('web', 'web.debug', 'web.debug.deep');
    store.close('prune');
    const before = provisioner.pruneImages([]);
    runtime.settle();
    const destroyed = provisioner.destroy('web');
    const behind = provisioner.pruneImages([docker('alpine')]);
    runtime.settle();
    expect([before, destroyed, behind].map((future) => future.isPending())).toEqual([true, true, true]);

    store.open('prune');
    runtime.settle();

    expect(destroyed.get()).toBe(true);
    expect([before.isReady(), behind.isReady()]).toEqual([true, true]);
    // What is being taken down is in use until it is gone.
    expect(store.prunes.map(({ activeLayers }) => activeLayers)).toEqual([
      ['a', 'b'],
      ['a', 'b'],
    ]);
  });

  it('lets the destruction of a child that was asked for earlier end first', () => {
    const { runtime, provisioner, backend } = provisioned('web', 'web.debug');
    backend.close('destroy');
    const child = provisioner.destroy('web.debug');
    runtime.settle();
    const parent = provisioner.destroy('web');
    const pruned = provisioner.pruneImages([]);
    runtime.settle();
    backend.open('destroy');
    runtime.settle();

    expect([child.get(), parent.get()]).toEqual([true, true]);
    expect(pruned.isReady()).toBe(true);
    expect(backend.destroyed).toHaveLength(2);
  });

  it('answers for a child whose parent is being destroyed, with its own outcome', () => {
    const { runtime, provisioner, backend } = provisioned('web', 'web.bad', 'web.good');
    backend.close('destroy');
    provisioner.destroy('web');
    const good = provisioner.destroy('web.good');
    const bad = provisioner.destroy('web.bad');
    runtime.settle();

    backend.failing = { destroy: '/containers/bad/' };
    backend.open('destroy');
    runtime.settle();

    expect(good.get()).toBe(true);
    expect(bad.failure()).toMatchObject({ code: 'DESTROY_FAILED' });
  });

  it('waits for a backend at work on the container', () => {
    const { runtime, provisioner, backend, files } = provisioned();
    backend.close('provision');
    const info = provisioner.provision('web', docker('alpine'));
    runtime.settle();

    const destroyed = provisioner.destroy('web');
    const pruned = provisioner.pruneImages([]);
    runtime.settle();
    expect(destroyed.isPending()).toBe(true);
    // It waits without the lock.
    expect(pruned.isReady()).toBe(true);

    backend.open('provision');
    runtime.settle();
    expect(info.isReady()).toBe(true);
    expect(destroyed.get()).toBe(true);
    expect(files.has(paths.container('web'))).toBe(false);
  });

  it('gives up a pull, and says why to whoever asked for the image', () => {
    const { runtime, provisioner, store } = provisioned();
    store.close('get alpine');
    const info = provisioner.provision('web', docker('alpine'));
    runtime.settle();

    const destroyed = provisioner.destroy('web');
    runtime.settle();

    expect(info.failure()).toMatchObject({ code: 'CONTAINER_DESTROYING' });
    expect(destroyed.get()).toBe(true);
    expect(store.roots.size).toBe(0);
  });

  it('stops what waits to record its layers before anything is made', () => {
    const { runtime, provisioner, store, backend } = provisioned();
    store.close('prune');
    provisioner.pruneImages([]);
    const info = provisioner.provision('web', docker('alpine'));
    runtime.settle();

    const destroyed = provisioner.destroy('web');
    runtime.settle();
    store.open('prune');
    runtime.settle();

    expect(info.failure()).toMatchObject({ code: 'CONTAINER_DESTROYING' });
    expect(destroyed.get()).toBe(true);
    expect(backend.provisioned).toEqual([]);
  });

  it('lets nothing new begin in a container that is being destroyed', () => {
    const { runtime, provisioner, backend } = provisioned('web');
    backend.close('destroy');
    provisioner.destroy('web');
    const same = provisioner.provision('web', docker('alpine'));
    const nested = provisioner.provision('web.debug', docker('alpine'));
    runtime.settle();

    expect(same.failure()).toMatchObject({ code: 'CONTAINER_DESTROYING' });
    expect(nested.failure()).toMatchObject({ code: 'CONTAINER_DESTROYING' });
  });

  it('does not pin the layers when the folder stays behind (T17)', () => {
    const simulated = provisioned('web');
    const { runtime, provisioner, files, actor, warnings } = simulated;
    const removed = putAsidePath(paths.container('web'));
    files.break('remove', removed, 'EBUSY');

    const destroyed = provisioner.destroy('web');
    runtime.settle();

    expect(destroyed.get()).toBe(true);
    expect(layersOf(simulated)).toEqual([]);
    expect(readProvisionedContainers(paths, files).get()).toEqual([]);
    expect(actor.removeContainerErrors.count).toBe(1);
    expect(warnings.at(-1)).toContain(removed);
  });

  it('does not pin the layers when the folder cannot be put aside either (T17)', () => {
    const simulated = provisioned('web');
    const { runtime, provisioner, files, actor, warnings } = simulated;
    files.break('rename', paths.container('web'), 'EIO');

    const destroyed = provisioner.destroy('web');
    runtime.settle();

    expect(destroyed.get()).toBe(true);
    expect(layersOf(simulated)).toEqual([]);
    expect(actor.removeContainerErrors.count).toBe(1);
    expect(warnings.at(-1)).toContain(paths.container('web'));
  });

  it('does not wait for the bytes, and the id is free again', () => {
    const simulated = provisioned('web');
    const { runtime, provisioner, files, executor } = simulated;
    executor.hold();

    const destroyed = provisioner.destroy('web');
    runtime.settle();
    const again = provisioner.provision('web', docker('alpine'));
    runtime.settle();

    expect(destroyed.get()).toBe(true);
    expect(again.isReady()).toBe(true);
    executor.release();
    runtime.settle();
    expect(files.has(putAsidePath(paths.container('web')))).toBe(false);
    expect(files.has(paths.container('web'))).toBe(true);
  });

  it('clears away what an earlier removal could not finish', () => {
    const simulated = provisioned('web');
    const { runtime, provisioner, files } = simulated;
    const removed = putAsidePath(paths.container('web'));
    files.put(`${removed}/left`, '');

    const destroyed = provisioner.destroy('web');
    runtime.settle();

    expect(destroyed.get()).toBe(true);
    expect([removed, paths.container('web')].map((path) => files.has(path))).toEqual([false, false]);
  });

  it('runs beside provisioning: the lock keeps out the prune alone', () => {
    const { runtime, provisioner, backend } = provisioned('web');
    backend.close('destroy');
    const destroyed = provisioner.destroy('web');
    const info = provisioner.provision('db', docker('busybox'));
    runtime.settle();

    expect(destroyed.isPending()).toBe(true);
    expect(info.isReady()).toBe(true);
  });
});
