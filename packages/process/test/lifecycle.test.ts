import { eventTraceOf, Process } from '@keelson/process';
import type { Future, PID } from '@keelson/process';
import { describe, expect, it } from 'vitest';
import { virtualRuntime } from './virtual-runtime.js';

class Coded extends Error {
  readonly code = 'NOPE';
}

class Worker extends Process<Worker> {
  readonly log: string[] = [];
  protected override initialize(): void {
    this.log.push('initialize');
  }
  protected override finalize(): void {
    this.log.push('finalize');
  }
  work(n: number): number {
    this.log.push(`work ${n}`);
    return n;
  }
  bug(): void {
    throw new TypeError('bug');
  }
  refuse(): void {
    throw new Coded('not now');
  }
  late(future: Future<number>): Future<number> {
    return future;
  }
  stop(): void {
    this.log.push('stop');
  }
}

class Watcher extends Process<Watcher> {
  readonly seen: [string, string | undefined][] = [];
  watch(pid: PID<unknown>): void {
    this.link(pid);
  }
  relay(pid: PID<Worker>): Future<void> {
    return pid.refuse();
  }
  protected override exited(pid: PID<unknown>, reason?: Error): void {
    this.seen.push([pid.id, reason?.message]);
  }
}

describe('a process', () => {
  it('is initialized before its first request and finalized as its last act, also if it ends at once', () => {
    const { runtime } = virtualRuntime();
    const worker = new Worker();
    const pid = runtime.spawn(worker);
    const late = pid.work(1);
    runtime.terminate(pid);
    runtime.settle();
    expect(worker.log).toEqual(['initialize', 'finalize']);
    expect([late.isPending(), late.isAbandoned(), runtime.counters().deadLetters]).toEqual([true, true, 1]);
  });

  it('serves what waits before a termination that is not injected', () => {
    const { runtime } = virtualRuntime();
    const worker = new Worker();
    const pid = runtime.spawn(worker);
    const before = pid.work(1);
    runtime.terminate(pid, { inject: false });
    const after = pid.work(2);
    runtime.settle();
    expect([before.get(), after.isAbandoned()]).toEqual([1, true]);
    expect(worker.log).toEqual(['initialize', 'work 1', 'finalize']);
  });

  it('survives a coded error, which fails that request alone', () => {
    const { runtime } = virtualRuntime();
    const pid = runtime.spawn(new Worker());
    const [refused, worked] = [pid.refuse(), pid.work(1)];
    runtime.settle();
    expect(refused.failure()).toMatchObject({ code: 'NOPE' });
    expect(worked.get()).toBe(1);
  });

  it('ends with any other throw: its request fails, those behind it are abandoned, linkers hear the reason', () => {
    const { runtime } = virtualRuntime();
    const worker = new Worker('worker');
    const pid = runtime.spawn(worker);
    const watcher = new Watcher();
    const watching = runtime.spawn(watcher);
    watching.watch(pid);
    watching.watch(pid);
    runtime.settle();

    const [crashed, behind] = [pid.bug(), pid.work(1)];
    const ended = runtime.wait(pid);
    runtime.settle();

    expect(crashed.failure()).toBeInstanceOf(TypeError);
    expect(behind.isAbandoned()).toBe(true);
    expect(watcher.seen).toEqual([['worker(1)', 'bug']]);
    expect(worker.log.at(-1)).toBe('finalize');
    expect(ended.get()).toBe(true);
    expect(pid.work(2).isAbandoned()).toBe(true);
  });

  it('tells at once of a process that is gone already, and nothing of itself', () => {
    const { runtime } = virtualRuntime();
    const pid = runtime.spawn(new Worker('worker'));
    runtime.terminate(pid);
    runtime.settle();
    const watcher = new Watcher();
    const watching = runtime.spawn(watcher);
    watching.watch(pid);
    watching.watch(watching);
    runtime.settle();
    expect(watcher.seen).toEqual([['worker(1)', undefined]]);
    runtime.terminate(watching);
    expect(() => runtime.settle()).not.toThrow();
  });

  it('ends the causes of an error with the events that led to it', () => {
    const { runtime } = virtualRuntime();
    const worker = runtime.spawn(new Worker('worker'));
    const asked = runtime.spawn(new Watcher('watcher')).relay(worker);
    runtime.settle();
    const trace = eventTraceOf(asked.failure());
    expect(trace?.events.map(({ process, label }) => `${process}.${label}`)).toEqual([
      'worker(1).refuse',
      'watcher(1).relay',
    ]);
  });

  it('does not wait longer than it was asked to', () => {
    const { runtime, clock } = virtualRuntime();
    const pid = runtime.spawn(new Worker());
    const waited = runtime.wait(pid, { timeoutMs: 10 });
    expect(runtime.wait(pid, { timeoutMs: 0 }).get()).toBe(false);
    clock.advance(9);
    expect(waited.isPending()).toBe(true);
    clock.advance(1);
    expect(waited.get()).toBe(false);
  });
});

describe('spawn', () => {
  it('numbers a prefix, takes a fixed id, and refuses what must not be', () => {
    const { runtime } = virtualRuntime();
    const first = new Worker('worker');
    expect(runtime.spawn(first).id).toBe('worker(1)');
    expect(runtime.spawn(new Worker('worker'), { id: 'worker(3)' }).id).toBe('worker(3)');
    expect([runtime.spawn(new Worker('worker')).id, runtime.spawn(new Worker('worker')).id]).toEqual([
      'worker(2)',
      'worker(4)',
    ]);
    expect(runtime.spawn(new Worker(), { id: 'the' }).id).toBe('the');
    expect(runtime.lookup('worker(3)')?.id).toBe('worker(3)');
    expect(() => runtime.spawn(first)).toThrow(expect.objectContaining({ code: 'ALREADY_SPAWNED' }));
    expect(() => runtime.spawn(new Worker(), { id: 'the' })).toThrow(expect.objectContaining({ code: 'DUPLICATE_ID' }));
  });

  it('refuses a class that makes `then` a request', () => {
    class Thenable extends Process<Thenable> {
      then(): void {}
    }
    const { runtime } = virtualRuntime();
    expect(() => runtime.spawn(new Thenable() as never)).toThrow(expect.objectContaining({ code: 'RESERVED_NAME' }));
  });

  it('lets an old address reach whoever has its id now', () => {
    const { runtime } = virtualRuntime();
    const old = runtime.spawn(new Worker(), { id: 'the' });
    runtime.terminate(old);
    runtime.settle();
    runtime.spawn(new Worker(), { id: 'the' });
    const answer = old.work(5);
    runtime.settle();
    expect(answer.get()).toBe(5);
  });

  it('is refused once the runtime is being finalized, which ends everything', () => {
    const { runtime } = virtualRuntime();
    const worker = new Worker();
    const last = runtime.spawn(worker).work(1);
    const done = runtime.finalize();
    runtime.settle();
    expect([last.get(), done.isReady(), runtime.processes().length]).toEqual([1, true, 0]);
    expect(() => runtime.spawn(new Worker())).toThrow(expect.objectContaining({ code: 'FINALIZING' }));
  });
});
