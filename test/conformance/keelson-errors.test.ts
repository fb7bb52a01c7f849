import { Deferred, dispatch, type Future, type PID, Process, type TraceRecord } from '@keelson/process';
import { describe, expect, it } from 'vitest';
import { Watcher, Worker } from './actors.js';
import { virtualRuntime } from './virtual-runtime.js';

describe('errors and supervision', () => {
  it('KS15 a coded error fails that request alone', () => {
    const { runtime } = virtualRuntime();
    const process = new Worker();
    const pid = runtime.spawn(process);
    const failing = pid.coded();
    const later = pid.failed();
    const next = pid.note('next');
    runtime.settle();
    expect(failing.failure()).toMatchObject({ code: 'EXPECTED' });
    expect(later.failure()).toMatchObject({ code: 'LATER' });
    expect(next.get()).toBe('next');
    expect(process.log).not.toContain('finalize');
  });

  it('KS16 any other throw is a bug: the request fails, those behind are abandoned, linkers hear the reason', () => {
    const { runtime } = virtualRuntime();
    const process = new Worker();
    const pid = runtime.spawn(process);
    const watching = new Watcher('watcher');
    runtime.spawn(watching).watch(pid);
    runtime.settle();

    const crashed = pid.bug();
    const behind = pid.note('behind');
    runtime.settle();

    expect(crashed.failure().message).toContain('a bug');
    expect(behind.isAbandoned()).toBe(true);
    expect(process.log).toEqual(['initialize', 'finalize']);
    expect(watching.seen).toHaveLength(1);
    expect(watching.seen[0]?.id).toBe(pid.id);
    expect(watching.seen[0]?.reason?.message).toContain('a bug');
    expect(pid.note('dead').isAbandoned()).toBe(true);
  });

  it('KS16 a throw in initialize ends the process the same way', () => {
    class Broken extends Process<Broken> {
      protected override initialize(): void {
        throw new TypeError('cannot start');
      }
      ask(): number {
        return 1;
      }
    }
    const { runtime } = virtualRuntime();
    const watching = new Watcher('watcher');
    const watcher = runtime.spawn(watching);
    const spawned = dispatch(watcher, (it) => {
      // Spawned and linked in one handler, as supervisors do: the link stands before the process starts.
      const pid = runtime.spawn(new Broken('broken'));
      it.watch(pid);
      return { pid, asked: pid.ask() };
    });
    runtime.settle();
    const { pid, asked } = spawned.get();
    expect(asked.isAbandoned()).toBe(true);
    expect(watching.seen[0]?.reason?.message).toContain('cannot start');
    expect(runtime.lookup(pid.id)).toBeUndefined();
  });

  it('KS16 a bug in one process leaves every other alone', () => {
    const { runtime } = virtualRuntime();
    const one = runtime.spawn(new Worker());
    const two = runtime.spawn(new Worker());
    one.bug();
    const fine = two.note('fine');
    runtime.settle();
    expect(fine.get()).toBe('fine');
  });

  it('KS17 the error of a failed request says, by its cause, which events led there', () => {
    class Asker extends Process<Asker> {
      constructor(private readonly worker: PID<Worker>) {
        super('asker');
      }
      ask(): Future<never> {
        return this.worker.bug();
      }
    }
    const { runtime } = virtualRuntime();
    const worker = runtime.spawn(new Worker());
    const failed = runtime.spawn(new Asker(worker)).ask();
    runtime.settle();
    const chain: string[] = [];
    for (let error: unknown = failed.failure(); error instanceof Error; error = error.cause) chain.push(error.message);
    const text = chain.join('\n');
    expect(text).toContain('a bug');
    expect(text).toContain('bug');
    expect(text).toMatch(/worker\(1\)/);
    expect(text).toMatch(/asker\(1\)/);
    expect(text).toMatch(/\bask\b/);
  });

  it('KS18 a throw in an on callback does not stop the others, and is told to observers', () => {
    const records: TraceRecord[] = [];
    const { runtime } = virtualRuntime({ observers: [{ record: (trace) => records.push(trace) }] });
    const seen: string[] = [];
    const pid = runtime.spawn(new Worker());
    const answer = pid.note('x');
    answer.onReady(() => {
      throw new Error('careless callback');
    });
    answer.onReady(() => seen.push('ready'));
    answer.onAny(() => seen.push('any'));
    runtime.settle();
    expect(seen).toEqual(['ready', 'any']);
    expect(answer.isReady()).toBe(true);
    expect(records.some((trace) => 'error' in trace && trace.error?.message === 'careless callback')).toBe(true);
  });

  it('KS18 without a runtime the others run as well', () => {
    const seen: string[] = [];
    const deferred = new Deferred<number>();
    deferred.future.onReady(() => {
      throw new Error('careless');
    });
    deferred.future.onReady(() => seen.push('second'));
    deferred.future.onAny(() => seen.push('any'));
    expect(deferred.set(1)).toBe(true);
    expect(seen).toEqual(['second', 'any']);
  });

  it('KS18 in strict mode it is fatal', () => {
    const { runtime } = virtualRuntime({ strict: true } as never);
    const pid = runtime.spawn(new Worker());
    pid.note('x').onReady(() => {
      throw new Error('careless callback');
    });
    expect(() => runtime.settle()).toThrowError(/careless callback/);
  });
});

describe('links', () => {
  it('KS19 one event for each linked pid, with the reason, consumed when it fires', () => {
    const { runtime } = virtualRuntime();
    const watching = new Watcher('watcher');
    const watcher = runtime.spawn(watching);
    const targets = [runtime.spawn(new Worker()), runtime.spawn(new Worker())];
    for (const target of targets) watcher.watch(target);
    runtime.settle();
    for (const target of targets) runtime.terminate(target);
    runtime.settle();
    expect(watching.seen.map(({ id }) => id)).toEqual(targets.map(({ id }) => id));
  });

  it('KS19 the exit enters before a waiter sees the process gone', () => {
    const { runtime } = virtualRuntime();
    const watching = new Watcher('watcher');
    const watcher = runtime.spawn(watching);
    const target = runtime.spawn(new Worker());
    watcher.watch(target);
    runtime.settle();
    const order: string[] = [];
    runtime.wait(target).onReady(() => {
      const looked = dispatch(watcher, (it) => it.seen.length);
      looked.onReady((n) => order.push(`seen ${n}`));
    });
    runtime.terminate(target);
    runtime.settle();
    expect(order).toEqual(['seen 1']);
  });
});
