import { Process } from '@keelson/process';
import type { Crash } from '@keelson/process';
import { describe, expect, it } from 'vitest';
import { virtualRuntime } from './virtual-runtime.js';

class Fragile extends Process<Fragile> {
  #count = 0;
  count(): number {
    return (this.#count += 1);
  }
  crash(why: string): void {
    throw new Error(why);
  }
}

function supervised(maxRestarts = 2) {
  const { runtime, clock } = virtualRuntime();
  const crashes: Crash[] = [];
  const create = (): Fragile => new Fragile('fragile');
  const onCrash = (crash: Crash): void => void crashes.push(crash);
  const supervise = { create, minDelayMs: 100, maxRestarts, windowMs: 10_000, onCrash };
  return { runtime, clock, crashes, pid: runtime.spawn(create(), { supervise }) };
}

describe('supervision', () => {
  it('makes a crashed process anew after a wait, at the same address and without its state', () => {
    const { runtime, clock, pid, crashes } = supervised();
    pid.count();
    pid.crash('first').onFailed(() => {});
    const behind = pid.count();
    runtime.settle();
    expect(behind.isAbandoned()).toBe(true);
    expect(crashes).toMatchObject([
      { process: 'fragile(1)', mailboxDepth: 1, restarts: 0, event: { label: 'crash', arguments: ['first'] } },
    ]);

    clock.advance(99);
    expect(pid.count().isAbandoned()).toBe(true);
    clock.advance(1);
    const count = pid.count();
    runtime.settle();
    expect([count.get(), pid.id, runtime.counters().restarts]).toEqual([1, 'fragile(1)', 1]);
  });

  it('waits twice as long each time, gives up at its limit, and forgets what is long ago', () => {
    const { runtime, clock, pid } = supervised();
    const crash = (): void => {
      pid.crash('again').onFailed(() => {});
      runtime.settle();
    };
    crash();
    clock.advance(100);
    crash();
    clock.advance(199);
    expect(runtime.lookup('fragile(1)')).toBeUndefined();
    clock.advance(1);
    expect(runtime.lookup('fragile(1)')).toBe(pid);
    clock.advance(10_000);
    crash();
    clock.advance(100);
    crash();
    clock.advance(200);
    crash();
    clock.advance(60_000);
    expect(runtime.lookup('fragile(1)')).toBeUndefined();
    expect(runtime.counters()).toMatchObject({ crashes: 5, restarts: 4 });
  });

  it('gives a process up when its supervisor says so', () => {
    const { runtime, clock } = virtualRuntime();
    const create = (): Fragile => new Fragile();
    const pid = runtime.spawn(create(), { supervise: { create, onCrash: () => false } });
    pid.crash('enough').onFailed(() => {});
    runtime.settle();
    clock.advance(60_000);
    expect(runtime.processes()).toEqual([]);
  });
});
