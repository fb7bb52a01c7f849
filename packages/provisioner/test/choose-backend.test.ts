import { Runtime, VirtualClock } from '@keelson/process';
import type { AvailableBackends } from '@keelson/provisioner';
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
  return { available: created.get(), files, mounts };
}

function refusalOf(available: AvailableBackends, requested: string): unknown {
  try {
    return chooseBackend(available, requested);
  } catch (error) {
    return error;
  }
}

describe('chooseBackend', () => {
  it('takes overlay where it works, and leaves no trace of having tried', () => {
    const { available, files, mounts } = backendsOn();

    expect(chooseBackend(available)).toBe('overlay');
    expect(mounts.overlays).toHaveLength(1);
    expect(mounts.table).toEqual([]);
    expect([...files.nodes.keys()].filter((path) => path.includes('probe'))).toEqual([]);
  });

  it.each<[string, (mounts: FakeMounts) => void, number]>([
    ['root', () => {}, 1000],
    ['overlayfs', (mounts) => (mounts.types = ['ext4']), 0],
    ['overlay cannot write', (mounts) => (mounts.fileSystem = { type: 'overlay', entryTypes: true }), 0],
    ['btrfs', (mounts) => (mounts.fileSystem = { type: 'btrfs', entryTypes: true }), 0],
    ['d_type', (mounts) => (mounts.fileSystem = { type: 'xfs', entryTypes: false }), 0],
    ['EPERM', (mounts) => (mounts.failure = 'EPERM'), 0],
  ])('falls back to copy, and says why where overlay is asked for: %s', (reason, change, userId) => {
    const { available } = backendsOn(change, userId);

    expect(chooseBackend(available)).toBe('copy');
    expect(refusalOf(available, 'overlay')).toMatchObject({ code: 'BACKEND_NOT_SUPPORTED' });
    expect(String(refusalOf(available, 'overlay'))).toContain(`'overlay' is not supported`);
    expect(String(refusalOf(available, 'overlay'))).toContain(reason);
  });

  it('keeps an overlay backend that may make nothing new: old mounts must be taken down', () => {
    const { available } = backendsOn((mounts) => (mounts.fileSystem = { type: 'zfs', entryTypes: true }));
    expect([...available.backends.keys()]).toEqual(['overlay', 'copy', 'bind']);
  });

  it('takes the one that is asked for', () => {
    expect(chooseBackend(backendsOn().available, 'copy')).toBe('copy');
    expect(chooseBackend(backendsOn().available, 'bind')).toBe('bind');
  });

  it('never takes bind by itself, whatever else is missing', () => {
    const { available } = backendsOn((mounts) => (mounts.types = ['ext4']));
    expect([...available.backends.keys()]).toContain('bind');
    expect(chooseBackend(available)).toBe('copy');
  });

  it('says why bind cannot be had without root', () => {
    expect(String(refusalOf(backendsOn(() => {}, 1000).available, 'bind'))).toContain('root');
  });

  it('refuses what does not exist, and lists what does', () => {
    const refusal = refusalOf(backendsOn().available, 'aufs');
    expect(refusal).toMatchObject({ code: 'BACKEND_NOT_SUPPORTED' });
    expect(String(refusal)).toContain('not one of overlay, copy, bind');
  });

  it('fails with all reasons when nothing is left', () => {
    const none = { backends: new Map(), unsuitable: new Map([['overlay' as const, 'no root']]) };
    expect(() => chooseBackend(none)).toThrow('overlay: no root');
  });
});
