import type { FileLocks, HeldFileLock } from '@keelson/os/ports';
import { Future, Runtime, VirtualClock } from '@keelson/process';
import { describe, expect, it } from 'vitest';
import { acquireStoreLock } from '../src/store-lock.js';

/** A lock that somebody else holds until `ownedTries` tries were made. */
function contended(ownedTries: number) {
  const held: HeldFileLock = { release: () => {} };
  let tries = 0;
  const locks: FileLocks = {
    tryAcquire: () => Future.ready((tries += 1) <= ownedTries ? { ownerPid: 4711 } : held),
  };
  return { held, locks, tries: () => tries };
}

function acquire(ownedTries: number, timeoutMs: number) {
  const clock = new VirtualClock();
  const runtime = new Runtime({ clock });
  const { held, locks, tries } = contended(ownedTries);
  const waits: number[] = [];
  const onWait = (pid: number): void => void waits.push(pid);
  const life = { isOver: false };
  const isGivenUp = (): boolean => life.isOver;
  const lock = acquireStoreLock({ locks, path: '/r/lock', timeoutMs, runtime, clock, onWait, isGivenUp });
  runtime.settle();
  return { lock, clock, runtime, held, tries, waits, life };
}

describe('the lock of the store', () => {
  it('is taken at once when nobody holds it, and nobody is told of a wait', () => {
    const { lock, held, waits } = acquire(0, 0);
    expect(lock.get()).toBe(held);
    expect(waits).toEqual([]);
  });

  it('is waited for while its owner is short, and the wait is told once', () => {
    const { lock, clock, runtime, held, waits } = acquire(3, 1000);
    expect(lock.isPending()).toBe(true);
    clock.advance(100);
    runtime.settle();
    expect(lock.isPending()).toBe(true);
    clock.advance(50);
    runtime.settle();
    expect(lock.get()).toBe(held);
    expect(waits).toEqual([4711]);
  });

  it('is given up after the time allowed, with the owner named, and asked for one last time then', () => {
    const { lock, clock, runtime, tries } = acquire(1000, 120);
    clock.advance(119);
    runtime.settle();
    expect(lock.isPending()).toBe(true);
    clock.advance(1);
    runtime.settle();
    expect(lock.failure()).toMatchObject({
      code: 'STORE_LOCKED',
      message: expect.stringContaining('process 4711 holds /r/lock'),
    });
    expect(tries()).toBe(4);
  });

  it('is not waited for any longer once nobody wants it, however long that was allowed', () => {
    const { lock, clock, runtime, life, tries } = acquire(1000, 30_000);
    life.isOver = true;
    clock.advance(50);
    runtime.settle();
    expect(lock.failure()).toMatchObject({ code: 'AGENT_CLOSED' });
    expect(tries()).toBe(2);
  });

  it('is not waited for at all with a timeout of 0', () => {
    const { lock, waits } = acquire(1, 0);
    expect(lock.failure()).toMatchObject({ code: 'STORE_LOCKED' });
    expect(waits).toEqual([]);
  });
});
