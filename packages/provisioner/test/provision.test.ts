import { Deferred } from '@keelson/process';
import { describe, expect, it } from 'vitest';
import { docker, paths, recoveredProvisioner, simulatedProvisioner } from './support/simulated-provisioner.js';

describe('provision', () => {
  it('answers where the root filesystem is and what it stands on', () => {
    const { runtime, provisioner, store } = recoveredProvisioner();

    const info = provisioner.provision('web', docker('alpine'));
    runtime.settle();

    const { rootfs, rootfsId, ...rest } = info.get();
    expect(rootfs).toBe(paths.rootfs('web', 'copy', rootfsId));
    expect(rest).toMatchObject({
      containerId: 'web',
      backend: 'copy',
      reference: 'docker.io/library/alpine:latest',
      digest: 'sha256:alpine',
      layers: ['a', 'b'],
      ephemeralVolumes: [],
    });
    expect(store.roots).toEqual(new Set());
  });

  it('takes the root in the store before the image is there, and drops it when the layers are on record', () => {
    const { runtime, provisioner, store, backend, files } = recoveredProvisioner();
    store.close('get alpine');
    provisioner.provision('web', docker('alpine'));
    runtime.settle();
    expect(store.roots.size).toBe(1);

    backend.close('provision');
    store.open('get alpine');
    runtime.settle();

    expect(store.roots.size).toBe(0);
    expect(files.text(paths.layers('web'))).toContain('"layers":["a","b"]');
  });

  it('keeps the root until the record is durable', () => {
    const { runtime, provisioner, store, backend, files } = recoveredProvisioner();
    files.holdWrites(paths.layers('web'));
    provisioner.provision('web', docker('alpine'));
    runtime.settle();
    expect(store.roots.size).toBe(1);
    expect(backend.provisioned).toEqual([]);

    files.finishWrites(paths.layers('web'));
    runtime.settle();

    expect(store.roots.size).toBe(0);
    expect(backend.provisioned).toHaveLength(1);
  });

  it('fails when the record cannot be written, leaving neither a root nor layers in memory', () => {
    const { runtime, provisioner, store, backend, files } = recoveredProvisioner();
    files.break('write', paths.layers('web'), 'ENOSPC');

    const info = provisioner.provision('web', docker('alpine'));
    const layers = provisioner.layersInUse();
    runtime.settle();
    const after = provisioner.layersInUse();
    runtime.settle();

    expect(info.failure()).toMatchObject({ code: 'CHECKPOINT_FAILED' });
    expect(info.failure().message).toContain(paths.layers('web'));
    expect(backend.provisioned).toEqual([]);
    expect(layers.get()).toEqual([]);
    expect(after.get()).toEqual([]);
    expect(store.roots.size).toBe(0);
  });

  it('sets the layers in memory before the backend runs (T1: record first, then provision)', () => {
    const { runtime, provisioner, store, backend } = recoveredProvisioner();
    backend.close('provision');
    const info = provisioner.provision('web', docker('alpine'));
    runtime.settle();
    expect(info.isPending()).toBe(true);

    provisioner.pruneImages([]);
    runtime.settle();

    expect(store.prunes).toMatchObject([{ excluded: [], activeLayers: ['a', 'b'] }]);
  });

  it('protects the layers of every container, several images per container united (T2)', () => {
    const { runtime, provisioner, store, files } = recoveredProvisioner();
    store.add('data', ['d']);
    provisioner.provision('web', docker('alpine'));
    provisioner.provision('web', docker('data'));
    provisioner.provision('db', docker('busybox'));
    runtime.settle();

    provisioner.pruneImages([]);
    runtime.settle();

    expect(store.prunes[0]?.activeLayers).toEqual(['a', 'b', 'c', 'd']);

    const nextLife = simulatedProvisioner({ files });
    nextLife.provisioner.recover(['web', 'db']);
    nextLife.runtime.settle();
    nextLife.provisioner.pruneImages([]);
    nextLife.runtime.settle();
    expect(nextLife.store.prunes[0]?.activeLayers).toEqual(['a', 'b', 'c', 'd']);
  });

  it('does not hold the lock while an image is pulled (T4)', () => {
    const { runtime, provisioner, store } = recoveredProvisioner();
    store.close('get alpine');
    const slow = provisioner.provision('slow', docker('alpine'));
    const pruned = provisioner.pruneImages([]);
    const quick = provisioner.provision('quick', docker('busybox'));
    const destroyed = provisioner.destroy('quick');
    runtime.settle();

    expect(slow.isPending()).toBe(true);
    expect(pruned.isReady()).toBe(true);
    expect(quick.isPending()).toBe(false);
    expect(destroyed.isReady()).toBe(true);
  });

  it('does not hold the lock while the backend is at work', () => {
    const { runtime, provisioner, backend } = recoveredProvisioner();
    backend.close('provision');
    const info = provisioner.provision('web', docker('alpine'));
    runtime.settle();

    const pruned = provisioner.pruneImages([]);
    runtime.settle();

    expect(pruned.isReady()).toBe(true);
    expect(info.isPending()).toBe(true);
  });

  it('undoes everything when the backend fails', () => {
    const { runtime, provisioner, backend, files, store } = recoveredProvisioner();
    backend.failing = { provision: 'the disk is full' };

    const info = provisioner.provision('web', docker('alpine'));
    runtime.settle();
    const containers = provisioner.containers();
    runtime.settle();

    expect(info.failure()).toMatchObject({ code: 'PROVISION_FAILED', message: 'the disk is full' });
    expect(backend.destroyed).toEqual(backend.provisioned);
    expect(files.text(paths.layers('web'))).toContain('"rootfses":[]');
    expect(containers.get()).toEqual([{ id: 'web', rootfses: [] }]);
    expect(store.roots.size).toBe(0);
  });

  it('keeps the layers protected when what failed cannot be taken down either', () => {
    const { runtime, provisioner, backend, actor } = recoveredProvisioner();
    backend.failing = { provision: 'the disk is full', destroy: '/web/' };

    const info = provisioner.provision('web', docker('alpine'));
    runtime.settle();
    const layers = provisioner.layersInUse();
    runtime.settle();

    expect(info.failure().message).toBe('the disk is full');
    expect(layers.get()).toEqual(['a', 'b']);
    expect(actor.removeContainerErrors.count).toBe(1);
  });

  it('passes a discard to the store and forgets the container', () => {
    const { runtime, provisioner, store } = recoveredProvisioner();
    store.close('get alpine');
    const info = provisioner.provision('web', docker('alpine'));
    runtime.settle();

    info.discard();
    runtime.settle();
    const containers = provisioner.containers();
    runtime.settle();

    expect(info.isDiscarded()).toBe(true);
    expect(store.roots.size).toBe(0);
    expect(containers.get()).toEqual([]);
  });

  it('pulls nothing for a request that was given up while its backend was chosen; the next one finds it chosen', () => {
    const trial = new Deferred<undefined>();
    const { runtime, provisioner, store } = recoveredProvisioner({}, { whyUnsuitable: () => trial.future });
    const given = provisioner.provision('web', docker('alpine'), { backend: 'copy' });
    const kept = provisioner.provision('db', docker('alpine'), { backend: 'copy' });
    runtime.settle();
    const destroyed = provisioner.destroy('web');
    runtime.settle();
    trial.set(undefined);
    runtime.settle();

    expect([given.isReady(), destroyed.get(), kept.isReady()]).toEqual([false, true, true]);
    expect(store.calls.filter((call) => call === 'get alpine')).toHaveLength(1);
    expect(store.roots.size).toBe(0);
  });

  it('never passes a discard to the backend: the work goes on and is answered (T11)', () => {
    const { runtime, provisioner, backend } = recoveredProvisioner();
    backend.close('provision');
    const info = provisioner.provision('web', docker('alpine'));
    runtime.settle();

    info.discard();
    runtime.settle();
    expect(backend.wasDiscarded('provision')).toBe(false);
    expect(info.isPending()).toBe(true);

    backend.open('provision');
    runtime.settle();
    expect(info.isReady()).toBe(true);
  });

  it('fails as the store does, leaving no root', () => {
    const { runtime, provisioner, store } = recoveredProvisioner();

    const info = provisioner.provision('web', docker('nothing'));
    runtime.settle();

    expect(info.failure()).toMatchObject({ code: 'IMAGE_NOT_FOUND' });
    expect(store.roots.size).toBe(0);
  });

  it.each([
    ['INVALID_CONTAINER_ID', '../etc', { type: 'DOCKER', name: 'alpine' }, {}],
    ['UNSUPPORTED_IMAGE_TYPE', 'web', { type: 'APPC', name: 'alpine' }, {}],
    ['BACKEND_NOT_SUPPORTED', 'web', { type: 'DOCKER', name: 'alpine' }, { backend: 'overlay' }],
  ])('refuses with %s and asks nobody', (code, id, image, options) => {
    const { runtime, provisioner, store, files } = recoveredProvisioner();

    const info = provisioner.provision(id, image as never, options as never);
    runtime.settle();

    expect(info.failure()).toMatchObject({ code });
    expect(store.calls).toEqual(['recover']);
    expect(files.has(paths.containers)).toBe(false);
  });

  it('writes the newest record last when two images of one container are provisioned at once', () => {
    const { runtime, provisioner, files } = recoveredProvisioner();
    files.holdWrites(paths.layers('web'));

    provisioner.provision('web', docker('alpine'));
    provisioner.provision('web', docker('busybox'));
    do runtime.settle();
    while (files.finishWrites(paths.layers('web')) > 0);

    expect(files.text(paths.layers('web'))).toMatch(/"layers":\["a","b"\].*"layers":\["a","c"\]/);
  });
});
