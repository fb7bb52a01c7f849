import { Future } from '@keelson/process';
import type { PruneReport } from '@keelson/store';
import { emptyPruneReport } from '@keelson/store';
import { describe, expect, it } from 'vitest';
import { FakeStore } from './support/fake-store.js';
import { docker, paths, recoveredProvisioner, simulatedProvisioner } from './support/simulated-provisioner.js';

describe('pruneImages', () => {
  it('runs provision and destroy concurrently, prune alone', () => {
    const { runtime, provisioner, store, backend } = recoveredProvisioner();
    provisioner.provision('old', docker('alpine'));
    runtime.settle();
    store.close('prune');
    const pruned = provisioner.pruneImages([]);
    const info = provisioner.provision('web', docker('busybox'));
    const destroyed = provisioner.destroy('old');
    runtime.settle();

    expect([pruned, info, destroyed].map((future) => future.isPending())).toEqual([true, true, true]);
    expect(backend.provisioned).toHaveLength(1);
    expect(backend.destroyed).toEqual([]);

    store.open('prune');
    runtime.settle();
    expect([pruned, info, destroyed].map((future) => future.isReady())).toEqual([true, true, true]);
  });

  it('routes excluded images by type', () => {
    const { runtime, provisioner, store } = recoveredProvisioner();
    const foreign = { type: 'APPC', name: 'coreos' } as never;

    const pruned = provisioner.pruneImages([docker('alpine'), foreign, docker('busybox')]);
    runtime.settle();

    expect(store.prunes[0]?.excluded).toEqual(['alpine', 'busybox']);
    expect(pruned.get().unmatchedExclusions).toEqual(['coreos']);
  });

  it('prunes all stores beside each other and joins what they report', () => {
    const report = (object: string): PruneReport => ({
      ...emptyPruneReport(),
      kept: [{ object, why: 'excluded' }],
      bytes: { planned: 10, unlinked: 1, measured: 2 },
    });
    const { runtime, docker: first, other, prune } = twoStores(report('a'), report('b'));
    first.close('prune');
    const pruned = prune();
    runtime.settle();
    expect(other.calls).toContain('prune');

    first.open('prune');
    runtime.settle();

    expect(pruned.get().kept.map(({ object }) => object)).toEqual(['a', 'b']);
    expect(pruned.get().bytes).toEqual({ planned: 20, unlinked: 2, measured: 4 });
  });

  it('lets go of the lock only when every store is done, though one has failed', () => {
    const { runtime, docker: first, prune, provision } = twoStores(emptyPruneReport(), new Error('disk'));
    first.close('prune');
    const pruned = prune();
    runtime.settle();
    const info = provision();
    runtime.settle();
    expect([pruned.isPending(), info.isPending()]).toEqual([true, true]);

    first.open('prune');
    runtime.settle();
    expect(pruned.failure().message).toBe('disk');
    expect(info.isReady()).toBe(true);
  });

  it('refuses before recovery: nothing that containers need is known yet (T3)', () => {
    const { runtime, provisioner, store } = simulatedProvisioner();
    store.close('recover');

    const early = provisioner.pruneImages([]);
    provisioner.recover([]);
    runtime.settle();
    const during = provisioner.pruneImages([]);
    runtime.settle();
    store.open('recover');
    runtime.settle();
    const after = provisioner.pruneImages([]);
    runtime.settle();

    expect(early.failure()).toMatchObject({ code: 'NOT_RECOVERED' });
    expect(during.failure()).toMatchObject({ code: 'NOT_RECOVERED' });
    expect(after.isReady()).toBe(true);
    expect(store.prunes).toHaveLength(1);
  });

  it('refuses while the layers of a container cannot be told, naming it and its file', () => {
    const { runtime, provisioner, store, files } = simulatedProvisioner();
    files.put(paths.layers('web'), 'not a record');
    provisioner.recover(['web']);
    runtime.settle();

    const pruned = provisioner.pruneImages([]);
    runtime.settle();

    expect(pruned.failure()).toMatchObject({ code: 'INVENTORY_INCOMPLETE' });
    expect(pruned.failure().message).toContain(`container 'web'`);
    expect(pruned.failure().message).toContain(paths.layers('web'));
    expect(store.prunes).toEqual([]);

    provisioner.destroy('web');
    runtime.settle();
    const again = provisioner.pruneImages([]);
    runtime.settle();
    expect(again.isReady()).toBe(true);
  });

  it('tells the store which container uses which images and layers, whatever it called them', () => {
    const { runtime, provisioner, store } = recoveredProvisioner();
    provisioner.provision('web', docker('alpine'));
    provisioner.provision('ended', docker('busybox'));
    runtime.settle();

    provisioner.pruneImages([], {
      users: [
        { container: 'web', images: [docker('oci:/srv/alpine')] },
        { container: 'starting', images: [docker('nginx')] },
      ],
    });
    runtime.settle();

    expect(store.prunes[0]?.options.users?.toSorted((a, b) => (a.name < b.name ? -1 : 1))).toEqual([
      { name: 'container ended', references: [], layers: expect.any(Array) as string[] },
      { name: 'container starting', references: ['nginx'], layers: [] },
      {
        name: 'container web',
        references: ['oci:/srv/alpine', 'docker.io/library/alpine:latest'],
        layers: expect.any(Array) as string[],
      },
    ]);
  });

  it('is joined by a second one with the same exclusions, in any order', () => {
    const { runtime, provisioner, store } = recoveredProvisioner();
    store.close('prune');
    const first = provisioner.pruneImages([docker('alpine'), docker('busybox')]);
    const second = provisioner.pruneImages([docker('busybox'), docker('alpine')]);
    runtime.settle();
    first.discard();
    store.open('prune');
    runtime.settle();

    expect(second.isReady()).toBe(true);
    expect(store.prunes).toHaveLength(1);
  });

  it('runs again when the earlier one is over, and for other exclusions', () => {
    const { runtime, provisioner, store } = recoveredProvisioner();
    provisioner.pruneImages([]);
    provisioner.pruneImages([docker('alpine')]);
    runtime.settle();
    provisioner.pruneImages([]);
    runtime.settle();

    expect(store.prunes.map(({ excluded }) => excluded)).toEqual([[], ['alpine'], []]);
  });

  it('measures how long it held the lock, not how long it waited', () => {
    const { runtime, clock, provisioner, store } = recoveredProvisioner();
    store.close('prune');
    const first = provisioner.pruneImages([]);
    runtime.settle();
    const second = provisioner.pruneImages([docker('alpine')]);
    runtime.settle();
    clock.advance(500);
    store.open('prune');
    runtime.settle();

    expect(first.get().lockHeldMs).toBe(500);
    expect(second.get().lockHeldMs).toBe(0);
  });

  it('lets go of the lock once the stores protect what comes into use, and goes on', () => {
    const { runtime, clock, provisioner, store, backend } = recoveredProvisioner();
    store.opensPrunes = true;
    store.close('prune');
    const pruned = provisioner.pruneImages([]);
    runtime.settle();
    const info = provisioner.provision('web', docker('alpine'));
    runtime.settle();
    expect([pruned.isPending(), info.isReady()]).toEqual([true, true]);
    expect(backend.provisioned).toHaveLength(1);

    clock.advance(500);
    store.open('prune');
    runtime.settle();
    expect(pruned.get().lockHeldMs).toBe(0);
  });

  it('does not wait for a root filesystem that is being taken down, whose layers it keeps', () => {
    const { runtime, provisioner, store, backend } = recoveredProvisioner();
    const info = provisioner.provision('web', docker('alpine'));
    runtime.settle();
    backend.close('destroy');
    const destroyed = provisioner.destroy('web');
    runtime.settle();

    const pruned = provisioner.pruneImages([]);
    const other = provisioner.provision('other', docker('busybox'));
    runtime.settle();

    expect([destroyed.isPending(), pruned.isReady(), other.isReady()]).toEqual([true, true, true]);
    expect(store.prunes[0]?.activeLayers).toEqual(info.get().layers.toSorted());
  });
});
function twoStores(first: PruneReport, second: PruneReport | Error) {
  const stores = {
    docker: new FakeStore(() => Future.ready(first)),
    other: new FakeStore(() => (second instanceof Error ? Future.failed(second) : Future.ready(second))),
  };
  const types = new Map();
  const { runtime, provisioner } = simulatedProvisioner({}, { stores: types });
  types.set('DOCKER', runtime.spawn(stores.docker)).set('OTHER', runtime.spawn(stores.other));
  stores.docker.add('alpine', ['a']);
  provisioner.recover([]);
  runtime.settle();
  return {
    runtime,
    ...stores,
    prune: () => provisioner.pruneImages([]),
    provision: () => provisioner.provision('web', docker('alpine')),
  };
}
