import { Future, Runtime, VirtualClock } from '@keelson/process';
import { chooseBackend, createBackends } from '@keelson/provisioner';
import { describe, expect, it } from 'vitest';
import { FakeMounts } from './support/fake-mounts.js';
import { MemoryExecutor } from './support/memory-executor.js';
import { MemoryFiles } from './support/memory-files.js';
import { paths } from './support/simulated-provisioner.js';

function backendsOn(change: (mounts: FakeMounts) => void = () => {}, effectiveUserId = 0) {
  const runtime = new Runtime({ clock: new VirtualClock() });
  const files = new MemoryFiles();
  const mounts = new FakeMounts();
  change(mounts);
  const executor = new MemoryExecutor(files);
  const created = createBackends({ runtime, paths, files, mounts, executor, host: { effectiveUserId } });
  runtime.settle();
  const available = created.get();
  return {
    available,
    files,
    mounts,
    chosen: (requested?: string) => settled(chooseBackend(available, requested)).get().name,
    refusal: (requested: string) => settled(chooseBackend(available, requested)).failure(),
  };

  function settled<T>(future: Future<T>): Future<T> {
    runtime.settle();
    return future;
  }
}

describe('chooseBackend', () => {
  it('takes overlay where it works, and leaves no trace of having tried', () => {
    const { chosen, files, mounts } = backendsOn();

    expect([chosen(), chosen(), chosen('overlay')]).toEqual(['overlay', 'overlay', 'overlay']);
    expect(mounts.overlays).toHaveLength(1);
    expect(mounts.table).toEqual([]);
    expect([...files.nodes.keys()].filter((path) => path.includes('probe'))).toEqual([]);
  });

  it('tries nothing before it is asked, and nothing for another backend', () => {
    const { chosen, files, mounts } = backendsOn();
    expect([chosen('copy'), chosen('bind')]).toEqual(['copy', 'bind']);
    expect([mounts.overlays, [...files.nodes.keys()].filter((path) => path.startsWith(paths.root))]).toEqual([[], []]);
  });

  it.each<[string, (mounts: FakeMounts) => void, number]>([
    ['root', () => {}, 1000],
    ['overlayfs', (mounts) => (mounts.types = ['ext4']), 0],
    ['overlay cannot write', (mounts) => (mounts.fileSystem = { type: 'overlay', entryTypes: true }), 0],
    ['btrfs', (mounts) => (mounts.fileSystem = { type: 'btrfs', entryTypes: true }), 0],
    ['d_type', (mounts) => (mounts.fileSystem = { type: 'xfs', entryTypes: false }), 0],
    ['EPERM', (mounts) => (mounts.failure = 'EPERM'), 0],
  ])('falls back to copy, and says why where overlay is asked for: %s', (reason, change, userId) => {
    const { chosen, refusal } = backendsOn(change, userId);

    expect(chosen()).toBe('copy');
    expect(refusal('overlay')).toMatchObject({ code: 'BACKEND_NOT_SUPPORTED' });
    expect(String(refusal('overlay'))).toContain(`'overlay' is not supported`);
    expect(String(refusal('overlay'))).toContain(reason);
  });

  it('keeps an overlay backend that may make nothing new: old mounts must be taken down', () => {
    const { available } = backendsOn((mounts) => (mounts.fileSystem = { type: 'zfs', entryTypes: true }));
    expect([...available.backends.keys()]).toEqual(['overlay', 'copy', 'bind']);
  });

  it('takes the one that is asked for', () => {
    expect(backendsOn().chosen('copy')).toBe('copy');
    expect(backendsOn().chosen('bind')).toBe('bind');
  });

  it('never takes bind by itself, whatever else is missing', () => {
    const { available, chosen } = backendsOn((mounts) => (mounts.types = ['ext4']));
    expect([...available.backends.keys()]).toContain('bind');
    expect(chosen()).toBe('copy');
  });

  it('says why bind cannot be had without root', () => {
    expect(String(backendsOn(() => {}, 1000).refusal('bind'))).toContain('root');
  });

  it('refuses what does not exist, and lists what does', () => {
    const refusal = backendsOn().refusal('aufs');
    expect(refusal).toMatchObject({ code: 'BACKEND_NOT_SUPPORTED' });
    expect(String(refusal)).toContain('not one of overlay, copy, bind');
  });

  it('fails with all reasons when nothing is left', () => {
    const none = { backends: new Map(), whyUnsuitable: () => Future.ready('no root') };
    expect(String(chooseBackend(none).failure())).toContain('overlay: no root; copy: no root');
  });
});
