import { defer, Deferred, dispatch, Future, type PID, Process, SerialExecutor } from '@keelson/process';
import { Interceptors } from '@keelson/process/testing';
import { describe, expect, it } from 'vitest';
import { virtualRuntime } from './virtual-runtime.js';

class Receiver extends Process<Receiver> {
  readonly log: string[] = [];
  protected override initialize(): void {
    this.install('hello', (_from, body) => this.log.push(`hello ${String(body)}`));
  }
  note(text: string): string {
    this.log.push(text);
    return text;
  }
  watch(pid: PID<unknown>): void {
    this.link(pid);
  }
  tell(to: PID<unknown>, body: string): void {
    this.send(to, 'hello', body);
  }
  protected override exited(pid: PID<unknown>): void {
    this.log.push(`exited ${pid.id}`);
  }
}

function scene() {
  const { runtime, clock } = virtualRuntime();
  const receiver = new Receiver('receiver');
  const pid = runtime.spawn(receiver);
  const other = runtime.spawn(new Receiver('other'));
  runtime.settle();
  return { runtime, clock, receiver, pid, other, intercept: new Interceptors(runtime) };
}

describe('interceptors', () => {
  it('P08 drop a request or a message before its handler, once, and say so', () => {
    const { runtime, receiver, pid, other, intercept } = scene();
    const request = intercept.drop(pid, 'note');
    const message = intercept.dropMessage({ name: 'hello', to: pid });
    const dropped = pid.note('dropped');
    pid.note('served');
    other.tell(pid, 'dropped');
    other.tell(pid, 'served');
    runtime.settle();
    expect(request.get()).toEqual(['dropped']);
    expect(message.get()).toMatchObject({ name: 'hello', from: other.id, to: pid.id, body: 'dropped' });
    expect(dropped.isAbandoned()).toBe(true);
    expect(receiver.log).toEqual(['served', 'hello served']);
    intercept.reset();
  });

  it('P08 wait for one without dropping it; its future is ready before the handler runs', () => {
    const { runtime, receiver, pid, intercept } = scene();
    const seen: string[][] = [];
    intercept.future(pid, 'note').onReady(() => seen.push([...receiver.log]));
    pid.note('served');
    runtime.settle();
    expect(seen).toEqual([[]]);
    expect(receiver.log).toEqual(['served']);
    intercept.reset();
  });

  it('P08 forbid: what was expected of nobody is reported', () => {
    const { runtime, pid, intercept } = scene();
    intercept.expectNone(pid, 'note');
    pid.note('x');
    runtime.settle();
    expect(() => intercept.verify()).toThrow(/note/);
    intercept.reset();
  });

  it('P01 tell events apart: a termination is none that a filter sees', () => {
    const { runtime, receiver, pid, intercept } = scene();
    const message = intercept.message({ to: pid });
    runtime.terminate(pid);
    runtime.settle();
    expect(message.isPending()).toBe(true);
    expect(runtime.lookup(pid.id)).toBeUndefined();
    expect(receiver.log).toEqual([]);
    intercept.reset();
  });

  it('P17 an exit may be made up, and arrives through the mailbox', () => {
    const { runtime, receiver, pid, other } = scene();
    dispatch(pid, (it) => (it as unknown as { exited(pid: PID<unknown>): void }).exited(other));
    expect(receiver.log).toEqual([]);
    runtime.settle();
    expect(receiver.log).toEqual([`exited ${other.id}`]);
    expect(runtime.lookup(other.id)).toBe(other);
  });

  it('P18 an exit that is waited for is delivered all the same', () => {
    const { runtime, receiver, pid, other, intercept } = scene();
    pid.watch(other);
    runtime.settle();
    const exited = intercept.exited(other, pid);
    runtime.terminate(other);
    runtime.settle();
    expect(exited.isReady()).toBe(true);
    expect(receiver.log).toEqual([`exited ${other.id}`]);
    intercept.reset();
  });

  it('P19 an exit that is dropped is not', () => {
    const { runtime, receiver, pid, other, intercept } = scene();
    pid.watch(other);
    runtime.settle();
    const exited = intercept.dropExited(other, pid);
    runtime.terminate(other);
    runtime.settle();
    expect(exited.isReady()).toBe(true);
    expect(receiver.log).toEqual([]);
    intercept.reset();
  });
});

describe('serial executor', () => {
  it('P30 defers functions with their arguments', () => {
    const { runtime } = virtualRuntime();
    const executor = new SerialExecutor(runtime);
    const add = executor.defer((a: number, b: number) => a + b);
    const sum = add(1, 2);
    expect(sum.isPending()).toBe(true);
    runtime.settle();
    expect(sum.get()).toBe(3);
  });

  it('P31 executes functions that answer nothing, values and futures, one after the other', () => {
    const { runtime } = virtualRuntime();
    const executor = new SerialExecutor(runtime);
    const log: number[] = [];
    const nothing = executor.execute(() => void log.push(1));
    const value = executor.execute(() => log.push(2));
    const inner = new Deferred<string>();
    const later = executor.execute(() => inner.future);
    runtime.settle();
    expect(log).toEqual([1, 2]);
    expect([nothing.get(), value.get()]).toEqual([undefined, 2]);
    inner.set('x');
    expect(later.get()).toBe('x');
  });

  it('P11 a thunk runs once, in its turn, with whatever it was given', () => {
    const { runtime } = virtualRuntime();
    const executor = new SerialExecutor(runtime);
    const calls: number[] = [];
    const answer = executor.execute(() => (calls.push(1), 42));
    expect(calls).toEqual([]);
    runtime.settle();
    expect([answer.get(), calls]).toEqual([42, [1]]);
  });

  it('P06 a continuation without a process of its own runs asynchronously, in order', () => {
    const { runtime } = virtualRuntime();
    const executor = new SerialExecutor(runtime);
    const log: string[] = [];
    const source = new Deferred<string>();
    const answer = source.future.then(executor.defer((text: string) => (log.push(text), text.length)));
    source.set('deferred');
    log.push('set returned');
    runtime.settle();
    expect(log).toEqual(['set returned', 'deferred']);
    expect(answer.get()).toBe(8);
  });

  it('P35 a function that answers a future is flattened, with any number of arguments', () => {
    const { runtime } = virtualRuntime();
    const executor = new SerialExecutor(runtime);
    const none = executor.defer(() => 'none')();
    const four = executor.defer((a: number, b: number, c: number, d: number) => Future.ready(a + b + c + d))(1, 2, 3, 4);
    runtime.settle();
    expect([none.get(), four.get()]).toEqual(['none', 10]);
  });

  it('P31 a function that throws fails alone; after stop nothing runs', () => {
    const { runtime } = virtualRuntime();
    const executor = new SerialExecutor(runtime);
    const thrown = executor.execute(() => {
      throw new TypeError('bug');
    });
    const next = executor.execute(() => 1);
    runtime.settle();
    expect(thrown.failure().message).toBe('bug');
    expect(next.get()).toBe(1);
    const queued = executor.execute(() => 2);
    executor.stop();
    runtime.settle();
    expect(queued.isAbandoned()).toBe(true);
  });

  it('P04 the hop may also go to a process by its method', () => {
    const { runtime, receiver, pid } = scene();
    const note = defer(receiver, receiver.note, 'bound');
    const answer = note();
    runtime.settle();
    expect(answer.get()).toBe('bound');
    expect(pid.id).toBe('receiver(1)');
  });
});
