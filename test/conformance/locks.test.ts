import { type Future, type Lease, Mutex, ReadWriteLock } from '@keelson/process';
import { describe, expect, it } from 'vitest';

const ready = (...leases: Future<Lease>[]) => leases.map((lease) => lease.isReady());
const release = (lease: Future<Lease>) => lease.get().release();

describe('read-write lock', () => {
  it('L01 grants at once while it is free', () => {
    const lock = new ReadWriteLock();
    for (const take of ['writeLock', 'readLock', 'writeLock'] as const) {
      const lease = lock[take]();
      expect(lease.isReady()).toBe(true);
      release(lease);
    }
  });

  it('L02 a reader waits for a writer, and is granted inside its release', () => {
    const lock = new ReadWriteLock();
    const writer = lock.writeLock();
    const reader = lock.readLock();
    expect(reader.isPending()).toBe(true);
    release(writer);
    expect(reader.isReady()).toBe(true);
  });

  it('L03 a writer waits for a writer, and for a reader', () => {
    const lock = new ReadWriteLock();
    const first = lock.writeLock();
    const second = lock.writeLock();
    expect(second.isPending()).toBe(true);
    release(first);
    expect(second.isReady()).toBe(true);
    release(second);

    const reader = lock.readLock();
    const third = lock.writeLock();
    expect(third.isPending()).toBe(true);
    release(reader);
    expect(third.isReady()).toBe(true);
  });

  it('L04 readers share; a writer is granted after the last of them', () => {
    const lock = new ReadWriteLock();
    const readers = [lock.readLock(), lock.readLock(), lock.readLock()];
    expect(ready(...readers)).toEqual([true, true, true]);
    const writer = lock.writeLock();
    const [first, second, third] = readers as [Future<Lease>, Future<Lease>, Future<Lease>];
    release(first);
    release(second);
    expect(writer.isPending()).toBe(true);
    release(third);
    expect(writer.isReady()).toBe(true);
  });

  it('L05 nobody starves: W1, then R1 and R2, then W2, then R3 and R4', () => {
    const lock = new ReadWriteLock();
    const held = lock.readLock();
    const w1 = lock.writeLock();
    const r1 = lock.readLock();
    const r2 = lock.readLock();
    const w2 = lock.writeLock();
    const r3 = lock.readLock();
    const r4 = lock.readLock();
    const all = () => ready(w1, r1, r2, w2, r3, r4);
    expect(all()).toEqual([false, false, false, false, false, false]);

    release(held);
    expect(all()).toEqual([true, false, false, false, false, false]);
    release(w1);
    expect(all()).toEqual([true, true, true, false, false, false]);
    release(r1);
    expect(all()).toEqual([true, true, true, false, false, false]);
    release(r2);
    expect(all()).toEqual([true, true, true, true, false, false]);
    release(w2);
    expect(all()).toEqual([true, true, true, true, true, true]);
  });
});

describe('mutex', () => {
  it('M01 locks, unlocks and locks again at once', () => {
    const mutex = new Mutex();
    const first = mutex.lock();
    expect(first.isReady()).toBe(true);
    release(first);
    expect(mutex.lock().isReady()).toBe(true);
  });

  it('M02 a second lock waits for the release, and is granted inside it', () => {
    const mutex = new Mutex();
    const first = mutex.lock();
    const second = mutex.lock();
    expect(second.isPending()).toBe(true);
    release(first);
    expect(second.isReady()).toBe(true);
  });

  it('M03 waiters are served in order, one for each release', () => {
    const mutex = new Mutex();
    const leases = [mutex.lock(), mutex.lock(), mutex.lock()] as const;
    expect(ready(...leases)).toEqual([true, false, false]);
    release(leases[0]);
    expect(ready(...leases)).toEqual([true, true, false]);
    release(leases[1]);
    expect(ready(...leases)).toEqual([true, true, true]);
  });
});
