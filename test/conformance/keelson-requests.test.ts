import {
  Deferred,
  defer,
  delay,
  type Future,
  type Observer,
  type PID,
  post,
  Process,
  Runtime,
  type TraceRecord,
} from '@keelson/process';
import { describe, expect, it, vi } from 'vitest';
import { Worker } from './actors.js';
import { virtualRuntime } from './virtual-runtime.js';

describe('requests', () => {
  it('KS10 never run inline, not even when a process asks itself', () => {
    const order: string[] = [];
    class Self extends Process<Self> {
      outer(): void {
        void this.self.inner();
        order.push('outer');
      }
      inner(): void {
        order.push('inner');
      }
    }
    const { runtime } = virtualRuntime();
    runtime.spawn(new Self('self')).outer();
    expect(order).toEqual([]);
    runtime.settle();
    expect(order).toEqual(['outer', 'inner']);
  });

  it('KS10 a native promise that a handler answers is flattened', async () => {
    const runtime = new Runtime({});
    const answer: Future<number> = runtime.spawn(new Worker()).native(3);
    expect(await answer).toBe(3);
  });

  it('KS11 a discard of a queued request only sets the flag: the handler runs all the same', () => {
    const { runtime } = virtualRuntime();
    const process = new Worker();
    const answer = runtime.spawn(process).note('ran');
    expect(answer.discard()).toBe(true);
    runtime.settle();
    expect(process.log).toContain('ran');
    expect(answer.get()).toBe('ran');
  });

  it('KS11 and is forwarded at once to the future that the handler answers', () => {
    const inner = new Deferred<number>();
    class Slow extends Process<Slow> {
      work(): Future<number> {
        return inner.future;
      }
    }
    const { runtime } = virtualRuntime();
    const answer = runtime.spawn(new Slow('slow')).work();
    answer.discard();
    runtime.settle();
    expect(inner.future.hasDiscard()).toBe(true);
  });

  it('KS12 post answers nothing; what fails is counted and told to observers', () => {
    const records: TraceRecord[] = [];
    const observer: Observer = { record: (trace) => records.push(trace) };
    const { runtime } = virtualRuntime({ observers: [observer] });
    const process = new Worker();
    const pid = runtime.spawn(process);
    expect(post(pid, 'note', 'posted')).toBeUndefined();
    post(pid, 'coded');
    runtime.settle();
    expect(process.log).toContain('posted');
    expect(records.some((trace) => 'error' in trace && trace.error?.message === 'failed with EXPECTED')).toBe(true);
  });

  it('KS12 post keeps its place among the other requests', () => {
    const { runtime } = virtualRuntime();
    const process = new Worker();
    const pid = runtime.spawn(process);
    pid.note('1');
    post(pid, 'note', '2');
    pid.note('3');
    runtime.settle();
    expect(process.log).toEqual(['initialize', '1', '2', '3']);
  });

  it('KS13 defer reaches private continuations and hops into the mailbox', () => {
    const { runtime } = virtualRuntime();
    const process = new Worker();
    const answer = runtime.spawn(process).twice();
    runtime.settle();
    expect(answer.get()).toBe('first then second');
    expect(process.log).toEqual(['initialize', 'first', 'first then second']);
  });

  it('KS14 delay is cancelled by its timer, and cancel is true only if it prevented it', () => {
    const { runtime, clock } = virtualRuntime();
    const process = new Worker();
    const pid = runtime.spawn(process);
    const stopped = delay(10, pid, 'note', 'stopped');
    const fired = delay(10, pid, 'note', 'fired');
    expect([stopped.cancel(), stopped.cancel()]).toEqual([true, false]);
    clock.advance(10);
    runtime.settle();
    expect(fired.cancel()).toBe(false);
    expect(process.log).toEqual(['initialize', 'fired']);
  });
});

describe('callbacks and vitest spies', () => {
  it('KS24 handlers may be spied on: a pid calls what the object has at that moment', () => {
    const { runtime } = virtualRuntime();
    const process = new Worker();
    const spy = vi.spyOn(process, 'note').mockReturnValue('spied');
    const answer = runtime.spawn(process).note('x');
    runtime.settle();
    expect(answer.get()).toBe('spied');
    expect(spy).toHaveBeenCalledOnce();
  });
});

describe('bounded mailboxes', () => {
  it('KS20 a request from outside into a full mailbox fails with MAILBOX_FULL, and is not served', () => {
    const { runtime } = virtualRuntime({ mailboxLimit: 2 });
    const process = new Worker();
    const pid = runtime.spawn(process);
    runtime.settle();
    const answers = ['1', '2', '3'].map((n) => pid.note(n));
    expect(answers[2]?.failure()).toMatchObject({ name: 'RuntimeError', code: 'MAILBOX_FULL' });
    runtime.settle();
    expect(process.log).toEqual(['initialize', '1', '2']);
    expect(pid.note('room again').isFailed()).toBe(false);
  });

  it('KS20 continuations, exits and terminations always enter', () => {
    class Full extends Process<Full> {
      readonly log: string[] = [];
      constructor(readonly gate: Future<number>) {
        super('full');
      }
      start(): Future<string> {
        return this.gate.then(defer(this, this.#go));
      }
      watch(pid: PID<unknown>): void {
        this.link(pid);
      }
      filler(): void {}
      #go(n: number): string {
        this.log.push('continued');
        return `went ${n}`;
      }
      protected override exited(): void {
        this.log.push('exited');
      }
      protected override finalize(): void {
        this.log.push('finalize');
      }
    }
    const { runtime } = virtualRuntime({ mailboxLimit: 1 });
    const gate = new Deferred<number>();
    const process = new Full(gate.future);
    const pid = runtime.spawn(process);
    const other = runtime.spawn(new Worker());
    runtime.settle();
    const started = pid.start();
    runtime.settle();
    pid.watch(other);
    runtime.settle();

    runtime.terminate(other);
    pid.filler();
    gate.set(1);
    runtime.settle();
    expect(started.get()).toBe('went 1');
    expect(process.log.toSorted()).toEqual(['continued', 'exited']);

    pid.filler();
    runtime.terminate(pid, { inject: false });
    runtime.settle();
    expect(process.log).toContain('finalize');
  });
});
