import {
  Deferred,
  defer,
  delay,
  dispatch,
  Future,
  type Observer,
  type PID,
  post,
  Process,
  Runtime,
  RuntimeError,
  type TraceRecord,
  VirtualClock,
} from '@keelson/process';
import { describe, expect, it, vi } from 'vitest';
import { virtualRuntime } from './virtual-runtime.js';

class CodedError extends Error {
  override readonly name = 'CodedError';
  constructor(readonly code: string) {
    super(`failed with ${code}`);
  }
}

class Worker extends Process<Worker> {
  readonly log: string[] = [];
  constructor(id = 'worker') {
    super(id);
  }
  protected override initialize(): void {
    this.log.push('initialize');
  }
  protected override finalize(): void {
    this.log.push('finalize');
  }
  note(text: string): string {
    this.log.push(text);
    return text;
  }
  coded(): never {
    throw new CodedError('EXPECTED');
  }
  bug(): never {
    throw new TypeError('a bug');
  }
  failed(): Future<number> {
    return Future.failed(new CodedError('LATER'));
  }
  native(n: number): globalThis.Promise<number> {
    return globalThis.Promise.resolve(n);
  }
  twice(): Future<string> {
    return this.self.note('first').then(defer(this, this.#second));
  }
  #second(first: string): string {
    return this.note(`${first} then second`);
  }
}

class Watcher extends Process<Watcher> {
  readonly seen: { id: string; reason: Error | undefined }[] = [];
  watch(pid: PID<unknown>): void {
    this.link(pid);
  }
  protected override exited(pid: PID<unknown>, reason?: Error): void {
    this.seen.push({ id: pid.id, reason });
  }
}

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

describe('observers', () => {
  it('KS21 see events with an id and a cause, and are attached and detached while it runs', () => {
    const { runtime } = virtualRuntime();
    const pid = runtime.spawn(new Worker());
    pid.note('unseen');
    runtime.settle();
    const records: TraceRecord[] = [];
    const observer: Observer = { record: (trace) => records.push(trace) };
    runtime.attach(observer);
    pid.note('seen');
    runtime.settle();
    expect(records.length).toBeGreaterThan(0);
    runtime.detach(observer);
    const before = records.length;
    pid.note('unseen again');
    runtime.settle();
    expect(records.length).toBe(before);
  });

  it('KS21 one that throws harms nobody', () => {
    const { runtime } = virtualRuntime({
      observers: [
        {
          record: () => {
            throw new Error('bad observer');
          },
        },
      ],
    });
    const answer = runtime.spawn(new Worker()).note('x');
    runtime.settle();
    expect(answer.get()).toBe('x');
  });
});

describe('fairness', () => {
  it('KS22 a process that keeps asking itself starves neither I/O, nor timers, nor the others', async () => {
    class Spinner extends Process<Spinner> {
      turns = 0;
      stopped = false;
      spin(): void {
        this.turns += 1;
        if (!this.stopped) void this.self.spin();
      }
    }
    const runtime = new Runtime({});
    const spinner = new Spinner('spinner');
    void runtime.spawn(spinner).spin();
    const other = runtime.spawn(new Worker());
    expect(await other.note('served')).toBe('served');
    await new globalThis.Promise<void>((resolve) => setImmediate(resolve));
    await new globalThis.Promise<void>((resolve) => setTimeout(resolve, 1));
    expect(spinner.turns).toBeGreaterThan(0);
    spinner.stopped = true;
    await runtime.finalize();
  });

  it('KS22 two processes that flood each other take turns with a third', () => {
    class Flooder extends Process<Flooder> {
      count = 0;
      flood(): void {
        this.count += 1;
        if (this.count < 5_000) void this.self.flood();
      }
    }
    const { runtime } = virtualRuntime();
    const flooder = new Flooder('flooder');
    void runtime.spawn(flooder).flood();
    let countSeen = 0;
    runtime
      .spawn(new Worker())
      .note('x')
      .onReady(() => (countSeen = flooder.count));
    runtime.settle();
    expect(countSeen).toBeLessThan(5_000);
    expect(flooder.count).toBe(5_000);
  });
});

describe('dispatcher', () => {
  it('KS23 chooses among what is ready, and sees what each item is', () => {
    const kinds = new Set<string>();
    const log: string[] = [];
    class Named extends Process<Named> {
      say(text: string): void {
        log.push(text);
      }
    }
    const clock = new VirtualClock();
    const runtime = new Runtime({
      clock,
      dispatcher: {
        next(ready) {
          for (const item of ready) {
            kinds.add(item.kind);
            expect(typeof item.label).toBe('string');
          }
          return ready.length - 1;
        },
      },
    });
    const one = runtime.spawn(new Named('one'));
    const two = runtime.spawn(new Named('two'));
    runtime.settle();
    one.say('one first');
    one.say('one second');
    two.say('two');
    runtime.settle();
    expect(log).toEqual(['two', 'one first', 'one second']);
    expect([...kinds]).toContain('event');
  });

  it('KS23 keeps the order of one sender whatever it chooses', () => {
    for (let seed = 1; seed <= 20; seed += 1) {
      let random = seed;
      const clock = new VirtualClock();
      const runtime = new Runtime({
        clock,
        dispatcher: { next: (ready) => ((random = (Math.imul(random, 1103515245) + 12345) >>> 0) >>> 16) % ready.length },
      });
      const process = new Worker();
      const pid = runtime.spawn(process);
      const others = [runtime.spawn(new Worker()), runtime.spawn(new Worker())];
      for (let n = 0; n < 10; n += 1) {
        void pid.note(`${n}`);
        for (const other of others) void other.note(`${n}`);
      }
      runtime.settle();
      expect(process.log).toEqual(['initialize', ...Array.from({ length: 10 }, (_, n) => `${n}`)]);
    }
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
