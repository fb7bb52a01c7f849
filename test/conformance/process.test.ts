import {
  collect,
  defer,
  delay,
  dispatch,
  type Future,
  Deferred,
  type PID,
  Process,
  type RuntimeOptions,
  Runtime,
  VirtualClock,
} from '@keelson/process';
import { describe, expect, it, vi } from 'vitest';
import { virtualRuntime } from './virtual-runtime.js';

class Lifecycle extends Process<Lifecycle> {
  constructor(readonly log: string[] = []) {
    super('lifecycle');
  }
  protected override initialize(): void {
    this.log.push('initialize');
  }
  protected override finalize(): void {
    this.log.push('finalize');
  }
  note(text: string): void {
    this.log.push(text);
  }
}

class Calculator extends Process<Calculator> {
  readonly calls: string[] = [];
  nothing(): void {
    this.calls.push('nothing');
  }
  value(n: number): number {
    return n + 1;
  }
  later(n: number): Future<number> {
    return this.self.value(n).then((m) => m * 2);
  }
  note(text: string): void {
    this.calls.push(text);
  }
  join(a: string, b: string, c: string): string {
    return `${a}${b}${c}`;
  }
  hold(box: { held: string }): string {
    return box.held;
  }
}

class Watcher extends Process<Watcher> {
  readonly seen: string[] = [];
  readonly reasons: (Error | undefined)[] = [];
  constructor(private readonly targets: PID<unknown>[]) {
    super('watcher');
  }
  protected override initialize(): void {
    for (const target of this.targets) this.link(target);
  }
  protected override exited(pid: PID<unknown>, reason?: Error): void {
    this.seen.push(pid.id);
    this.reasons.push(reason);
  }
  watch(pid: PID<unknown>): void {
    this.link(pid);
  }
}

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

describe('messages', () => {
  class Receiver extends Process<Receiver> {
    readonly bodies: unknown[] = [];
    readonly senders: string[] = [];
    protected override initialize(): void {
      this.install('ping', (from, body) => {
        this.senders.push(from.id);
        this.bodies.push(body);
      });
    }
  }
  class Sender extends Process<Sender> {
    tell(to: PID<unknown>, name: string, body: unknown): void {
      this.send(to, name, body);
    }
  }
  class Front extends Process<Front> {
    constructor(private readonly behind: PID<unknown>) {
      super('front');
    }
    protected override initialize(): void {
      this.delegate('ping', this.behind);
    }
  }

  it('P07 reach the handler installed for their name, with their sender and body; others are ignored', () => {
    const { runtime } = virtualRuntime();
    const receiver = new Receiver('receiver');
    const to = runtime.spawn(receiver);
    const sender = runtime.spawn(new Sender('sender'));
    sender.tell(to, 'ping', { n: 1 });
    sender.tell(to, 'unknown', 2);
    runtime.settle();
    expect(receiver.bodies).toEqual([{ n: 1 }]);
    expect(receiver.senders).toEqual([sender.id]);
  });

  it('P12 are passed on to a delegate, which sees the first sender', () => {
    const { runtime } = virtualRuntime();
    const receiver = new Receiver('receiver');
    const front = runtime.spawn(new Front(runtime.spawn(receiver)));
    const sender = runtime.spawn(new Sender('sender'));
    sender.tell(front, 'ping', 'x');
    runtime.settle();
    expect(receiver.bodies).toEqual(['x']);
    expect(receiver.senders).toEqual([sender.id]);
  });
});

describe('delay and clocks', () => {
  it('P13 fires when its time has come, and not before', () => {
    const { runtime, clock } = virtualRuntime();
    const process = new Calculator('calculator');
    const pid = runtime.spawn(process);
    delay(5000, pid, 'note', 'fired');
    runtime.settle();
    clock.advance(4999);
    runtime.settle();
    expect(process.calls).toEqual([]);
    clock.advance(1);
    runtime.settle();
    expect(process.calls).toEqual(['fired']);
  });
});

describe('link', () => {
  it('P16 tells the linker once that the linkee has ended', () => {
    const { runtime } = virtualRuntime();
    const target = runtime.spawn(new Lifecycle());
    const watcher = new Watcher([target]);
    runtime.spawn(watcher);
    runtime.settle();
    expect(watcher.seen).toEqual([]);
    runtime.terminate(target);
    runtime.settle();
    expect(watcher.seen).toEqual([target.id]);
    expect(watcher.reasons).toEqual([undefined]);
  });
});

describe('settle', () => {
  it('P27 returns only when nested spawns, dispatches and timers that are due have all been served', () => {
    const log: string[] = [];
    class Inner extends Process<Inner> {
      protected override initialize(): void {
        log.push('inner initialized');
      }
      hello(): void {
        log.push('inner hello');
      }
    }
    class Outer extends Process<Outer> {
      constructor(private readonly runtime: Runtime) {
        super('outer');
      }
      protected override initialize(): void {
        delay(0, this.self, 'due');
      }
      due(): void {
        log.push('due');
        void this.self.nested();
      }
      nested(): void {
        log.push('nested');
        const inner = this.runtime.spawn(new Inner('inner'));
        void inner.hello();
      }
    }
    const { runtime } = virtualRuntime();
    runtime.spawn(new Outer(runtime));
    runtime.settle();
    expect(log).toEqual(['due', 'nested', 'inner initialized', 'inner hello']);
  });
});

describe('finalize', () => {
  it('P41 timers of a new runtime work after another on the same clock was finalized', () => {
    const clock = new VirtualClock();
    const options: RuntimeOptions = { clock };
    const first = new Runtime(options);
    first.spawn(new Calculator('calculator'));
    const ended = first.finalize();
    first.settle();
    expect(ended.isReady()).toBe(true);

    const second = new Runtime({ clock });
    const process = new Calculator('calculator');
    delay(10, second.spawn(process), 'note', 'fired');
    clock.advance(10);
    second.settle();
    expect(process.calls).toEqual(['fired']);
  });

  it('P40 an injected termination abandons what was queued, so that nobody waits for ever', () => {
    const { runtime } = virtualRuntime();
    const pid = runtime.spawn(new Calculator('calculator'));
    runtime.settle();
    const queued = pid.value(1);
    const gathered = collect([queued]).recover(() => [-1]);
    runtime.terminate(pid);
    runtime.settle();
    expect(queued.isAbandoned()).toBe(true);
    expect(gathered.get()).toEqual([-1]);
    expect(runtime.processes().map((process) => process.id)).not.toContain(pid.id);
  });
});

describe('mock functions', () => {
  it('P09 see the arguments and answer the futures a test chooses', () => {
    const { runtime } = virtualRuntime();
    const process = new Calculator('calculator');
    const answer = new Deferred<number>();
    const later = vi.spyOn(process, 'later').mockReturnValue(answer.future);
    const asked = runtime.spawn(process).later(9);
    runtime.settle();
    expect(later).toHaveBeenCalledWith(9);
    expect(asked.isPending()).toBe(true);
    answer.set(5);
    expect(asked.get()).toBe(5);
  });
});
