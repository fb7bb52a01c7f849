import { defer, dispatch, type Future, Deferred, type PID, Process } from '@keelson/process';
import { describe, expect, it } from 'vitest';
import { Calculator, Lifecycle } from './actors.js';
import { virtualRuntime } from './virtual-runtime.js';

describe('spawn and terminate', () => {
  it('P02 initialize and finalize run once each, in order around the requests', () => {
    const { runtime } = virtualRuntime();
    const process = new Lifecycle();
    const pid = runtime.spawn(process);
    expect(process.log).toEqual([]);
    pid.note('request');
    runtime.settle();
    runtime.terminate(pid);
    runtime.settle();
    expect(process.log).toEqual(['initialize', 'request', 'finalize']);
  });

  it('P02 a wait of no time at all is false for a live process', () => {
    const { runtime, clock } = virtualRuntime();
    const pid = runtime.spawn(new Lifecycle());
    runtime.settle();
    const zero = runtime.wait(pid, { timeoutMs: 0 });
    clock.advance(0);
    runtime.settle();
    expect(zero.get()).toBe(false);

    const gone = runtime.wait(pid);
    expect(gone.isPending()).toBe(true);
    runtime.terminate(pid);
    runtime.settle();
    expect(gone.get()).toBe(true);
    expect(runtime.wait(pid).get()).toBe(false);
  });

  it('P15 a wait inside a process on a fresh one blocks nobody, and is answered', () => {
    const { runtime } = virtualRuntime();
    class Waiting extends Process<Waiting> {
      spawnAndWait(): Future<boolean> {
        const fresh = runtime.spawn(new Lifecycle());
        runtime.terminate(fresh, { inject: false });
        return runtime.wait(fresh);
      }
    }
    const waited = runtime.spawn(new Waiting('waiting')).spawnAndWait();
    runtime.settle();
    expect(waited.get()).toBe(true);
  });

  it('P28 a process knows its pid from its constructor on, and spawn answers the same one', () => {
    const { runtime } = virtualRuntime();
    const process = new Lifecycle();
    const before = process.self;
    const pid = runtime.spawn(process);
    expect(pid.id).toBe(before.id);
    expect(pid).toBe(before);
    expect(pid.id).toMatch(/^lifecycle\(\d+\)$/);
  });
});

describe('dispatch', () => {
  it('P03 to void, value and future methods, never inline', () => {
    const { runtime } = virtualRuntime();
    const process = new Calculator('calculator');
    const pid = runtime.spawn(process);
    const nothing = dispatch(pid, 'nothing');
    const value = dispatch(pid, 'value', 41);
    const later = dispatch(pid, 'later', 20);
    const lambda = dispatch(pid, (it) => it.value(1));
    expect(process.calls).toEqual([]);
    expect([nothing, value, later, lambda].every((f) => f.isPending())).toBe(true);

    runtime.settle();

    expect(process.calls).toEqual(['nothing']);
    expect(nothing.get()).toBeUndefined();
    expect([value.get(), later.get(), lambda.get()]).toEqual([42, 42, 2]);
  });

  it('P03 hands its arguments over as they are', () => {
    const { runtime } = virtualRuntime();
    const pid = runtime.spawn(new Calculator('calculator'));
    const box = { held: 'x' };
    const held = dispatch(pid, 'hold', box);
    runtime.settle();
    expect(held.get()).toBe('x');
  });

  it('P10 reaches inherited and overriding methods through the pid of the base and of the derived class', () => {
    class Base<Self = Base<never>> extends Process<Self> {
      name(): string {
        return 'base';
      }
      shared(): string {
        return `shared by ${this.name()}`;
      }
    }
    class Derived extends Base<Derived> {
      override name(): string {
        return 'derived';
      }
      extra(): number {
        return 1;
      }
    }
    const { runtime } = virtualRuntime();
    const derived = runtime.spawn(new Derived('derived'));
    const base: { readonly id: string } & Pick<PID<Base>, 'name' | 'shared'> = derived;
    const answers = [dispatch(base, 'name'), dispatch(base, 'shared'), dispatch(derived, 'name')];
    const extra = derived.extra();
    runtime.settle();
    expect(answers.map((answer) => answer.get())).toEqual(['derived', 'shared by derived', 'derived']);
    expect(extra.get()).toBe(1);
    expect(base).toBe(derived);
  });

  it('P29 several interfaces of one process are dispatchable, and a fake can stand in for any of them', () => {
    interface Adder {
      add(n: number): Future<number>;
    }
    interface Namer {
      title(): Future<string>;
    }
    class Both extends Process<Both> {
      add(n: number): number {
        return n + 1;
      }
      title(): string {
        return 'both';
      }
    }
    const { runtime } = virtualRuntime();
    const pid = runtime.spawn(new Both('both'));
    const adder: Adder = pid;
    const namer: Namer = pid;
    const answers = [adder.add(1), namer.title()] as const;
    runtime.settle();
    expect([answers[0].get(), answers[1].get()]).toEqual([2, 'both']);
  });
});

describe('defer', () => {
  it('P04 binds the arguments it is given and leaves the others to the caller', () => {
    const { runtime } = virtualRuntime();
    const process = new Calculator('calculator');
    const pid = runtime.spawn(process);
    const all = defer(pid, 'join', 'a', 'b', 'c');
    const two = defer(pid, 'join', 'a', 'b');
    const none = defer(process, process.join);
    const answers = [all(), two('c'), none('a', 'b', 'c')];
    expect(answers.every((answer) => answer.isPending())).toBe(true);
    runtime.settle();
    expect(answers.map((answer) => answer.get())).toEqual(['abc', 'abc', 'abc']);
  });

  it('P05 is the continuation of a then, with and without its value', () => {
    const { runtime } = virtualRuntime();
    const process = new Calculator('calculator');
    const pid = runtime.spawn(process);
    const source = new Deferred<number>();
    const withValue = source.future.then(defer(pid, 'value'));
    const without = source.future.then(defer(process, process.nothing));
    source.set(41);
    expect(withValue.isPending()).toBe(true);
    runtime.settle();
    expect(withValue.get()).toBe(42);
    expect(without.isReady()).toBe(true);
    expect(process.calls).toEqual(['nothing']);
  });

  it('P05 to a process that is gone abandons the continuation', () => {
    const { runtime } = virtualRuntime();
    const pid = runtime.spawn(new Calculator('calculator'));
    const source = new Deferred<number>();
    const answer = source.future.then(defer(pid, 'value'));
    runtime.terminate(pid);
    runtime.settle();
    source.set(1);
    runtime.settle();
    expect(answer.isAbandoned()).toBe(true);
  });

  it('P36 a chain of then and defer keeps its types', () => {
    const { runtime } = virtualRuntime();
    const process = new Calculator('calculator');
    const pid = runtime.spawn(process);
    const number: Future<number> = pid.value(1).then(defer(pid, 'value'));
    const text: Future<string> = number.then((n) => `${n}`).then(defer(pid, 'join', 'a', 'b'));
    const flat: Future<number> = pid.value(1).then((n) => pid.later(n));
    runtime.settle();
    expect([number.get(), text.get(), flat.get()]).toEqual([3, 'ab3', 6]);
  });
});
