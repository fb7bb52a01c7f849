import { Deferred, delay, dispatch, Future, Process, Runtime, RuntimeError } from '@keelson/process';
import { describe, expect, it } from 'vitest';
import { Worker } from './actors.js';
import { virtualRuntime } from './virtual-runtime.js';

describe('runtime', () => {
  it('KS01 two runtimes share nothing: not ids, not processes, not time', () => {
    const one = virtualRuntime();
    const two = virtualRuntime();
    const first = one.runtime.spawn(new Worker());
    const second = two.runtime.spawn(new Worker());
    expect(first.id).toBe('worker(1)');
    expect(second.id).toBe('worker(1)');
    const note = first.note('x');
    two.runtime.settle();
    expect(note.isPending()).toBe(true);
    one.runtime.settle();
    expect(note.isReady()).toBe(true);
    one.clock.advance(5);
    expect(two.clock.now()).toBe(0);
  });

  it('KS02 ids count up by prefix; an explicit id is taken as it is', () => {
    const { runtime } = virtualRuntime();
    expect(runtime.spawn(new Worker()).id).toBe('worker(1)');
    expect(runtime.spawn(new Worker()).id).toBe('worker(2)');
    expect(runtime.spawn(new Worker('other')).id).toBe('other(1)');
    expect(runtime.spawn(new Worker(), { id: 'fixed' }).id).toBe('fixed');
  });

  it('KS02 lookup finds the living by id, and nobody else', () => {
    const { runtime } = virtualRuntime();
    const pid = runtime.spawn(new Worker(), { id: 'fixed' });
    expect(runtime.lookup('fixed')).toBe(pid);
    expect(runtime.lookup('nobody')).toBeUndefined();
    runtime.terminate(pid);
    runtime.settle();
    expect(runtime.lookup('fixed')).toBeUndefined();
  });

  it('KS02 processes lists each with its state and the depth of its mailbox', () => {
    const { runtime } = virtualRuntime();
    const pid = runtime.spawn(new Worker(), { id: 'fixed' });
    runtime.settle();
    pid.note('1');
    pid.note('2');
    const [listed] = runtime.processes();
    expect(listed).toMatchObject({ id: 'fixed', mailboxDepth: 2 });
    expect(typeof listed?.state).toBe('string');
    runtime.settle();
    expect(runtime.processes()).toEqual([expect.objectContaining({ id: 'fixed', mailboxDepth: 0 })]);
  });

  it('KS03 spawn refuses a class that makes then or id a request', () => {
    class Thenable extends Process<Thenable> {
      then(): void {}
    }
    class Identified extends Process<Identified> {}
    Object.defineProperty(Identified.prototype, 'id', { value: () => 1, writable: true, configurable: true });
    const { runtime } = virtualRuntime();
    for (const make of [() => new Thenable('t'), () => new Identified('i')]) {
      expect(() => runtime.spawn(make() as unknown as Worker)).toThrowError(
        expect.objectContaining({ name: 'RuntimeError', code: 'RESERVED_NAME' }),
      );
    }
  });

  it('KS04 a pid has the public methods and neither hooks, nor underscored names, nor then', async () => {
    class Shy extends Process<Shy> {
      _hidden(): void {}
      open(): void {}
    }
    const { runtime } = virtualRuntime();
    const pid = runtime.spawn(new Shy('shy')) as unknown as Record<string, unknown>;
    expect(typeof pid['open']).toBe('function');
    for (const name of ['_hidden', 'initialize', 'finalize', 'exited', 'link', 'send', 'install', 'delegate', 'then']) {
      expect(pid[name], name).toBeUndefined();
    }
    expect(await pid).toBe(pid);
  });

  it('KS04 every method of a pid answers a Future', () => {
    const { runtime } = virtualRuntime();
    const pid = runtime.spawn(new Worker());
    const answer: Future<string> = pid.note('x');
    expect(answer).toBeInstanceOf(Future);
    runtime.settle();
    expect(answer.get()).toBe('x');
  });

  it('KS05 terminating what is not there does nothing', () => {
    const { runtime } = virtualRuntime();
    const pid = runtime.spawn(new Worker());
    runtime.terminate(pid);
    runtime.settle();
    expect(() => runtime.terminate(pid)).not.toThrow();
    expect(() => runtime.settle()).not.toThrow();
  });

  it('KS05 a process terminated before it was initialized still runs initialize and finalize, in order', () => {
    const { runtime } = virtualRuntime();
    const process = new Worker();
    const pid = runtime.spawn(process);
    pid.note('never');
    runtime.terminate(pid);
    runtime.settle();
    expect(process.log).toEqual(['initialize', 'finalize']);
  });

  it('KS06 finalize ends every process and then refuses new ones', () => {
    const { runtime } = virtualRuntime();
    const processes = [new Worker(), new Worker()];
    for (const process of processes) runtime.spawn(process);
    const done = runtime.finalize();
    runtime.settle();
    expect(done.isReady()).toBe(true);
    expect(processes.map((process) => process.log.at(-1))).toEqual(['finalize', 'finalize']);
    expect(() => runtime.spawn(new Worker())).toThrowError(expect.objectContaining({ code: 'FINALIZING' }));
    expect(runtime.finalize()).toBeInstanceOf(Future);
  });
});

describe('settle', () => {
  it('KS07 drains all that can run now, synchronously, without moving time', () => {
    const { runtime, clock } = virtualRuntime();
    const pid = runtime.spawn(new Worker());
    const chained = pid.twice();
    const timed = new Deferred<void>();
    delay(1, pid, 'note', 'late');
    clock.timer(1, () => timed.set());
    runtime.settle();
    expect(chained.get()).toBe('first then second');
    expect(timed.future.isPending()).toBe(true);
    expect(clock.now()).toBe(0);
  });

  it('KS08 throws inside a handler, and where the clock is real', () => {
    const { runtime } = virtualRuntime();
    const pid = runtime.spawn(new Worker());
    let thrown: unknown;
    dispatch(pid, () => {
      try {
        runtime.settle();
      } catch (error) {
        thrown = error;
      }
    });
    runtime.settle();
    expect(thrown).toBeInstanceOf(RuntimeError);
    expect(thrown).toMatchObject({ code: 'NOT_SETTLEABLE' });
    expect(() => new Runtime({}).settle()).toThrowError(expect.objectContaining({ code: 'NOT_SETTLEABLE' }));
  });

  it('KS09 throws while a native promise it was told of is outstanding, and not afterwards', async () => {
    const { runtime } = virtualRuntime();
    const pid = runtime.spawn(new Worker());
    const answer = pid.native(7);
    expect(() => runtime.settle()).toThrowError(
      expect.objectContaining({ name: 'RuntimeError', code: 'EXTERNAL_PENDING' }),
    );
    await globalThis.Promise.resolve().then(() => undefined);
    await globalThis.Promise.resolve().then(() => undefined);
    runtime.settle();
    expect(answer.get()).toBe(7);
  });
});
