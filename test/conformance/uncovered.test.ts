import {
  collect,
  dispatch,
  Deferred,
  Future,
  Latch,
  Mutex,
  Once,
  type PID,
  Process,
  ReadWriteLock,
  Runtime,
  RuntimeError,
  select,
  VirtualClock,
} from '@keelson/process';
import { describe, expect, it, vi } from 'vitest';
import { inHandler } from './in-handler.js';
import { pending, virtualRuntime } from './virtual-runtime.js';

class Recorder extends Process<Recorder> {
  readonly log: string[] = [];
  constructor(id = 'recorder') {
    super(id);
  }
  note(text: string): void {
    this.log.push(text);
  }
  answer(n: number): number {
    return n;
  }
  protected override finalize(): void {
    this.log.push('finalize');
  }
}

class Watcher extends Process<Watcher> {
  readonly seen: string[] = [];
  watch(pid: PID<unknown>): void {
    this.link(pid);
  }
  protected override exited(pid: PID<unknown>): void {
    this.seen.push(pid.id);
  }
}

describe('futures: what no upstream test pins', () => {
  it.each([
    ['ready', (p: Deferred<number>) => void p.set(1), ['ready 1', 'ready 2', 'any 1', 'any 2']],
    ['failed', (p: Deferred<number>) => void p.fail(new Error('x')), ['failed 1', 'failed 2', 'any 1', 'any 2']],
    ['discarded', (p: Deferred<number>) => void p.discard(), ['discarded 1', 'discarded 2', 'any 1', 'any 2']],
  ])('U01 callbacks of the %s state all run before any onAny, each list in its own order', (_, finish, order) => {
    const log: string[] = [];
    const { promise, future } = pending<number>();
    for (const n of [1, 2]) {
      future
        .onAny(() => log.push(`any ${n}`))
        .onReady(() => log.push(`ready ${n}`))
        .onFailed(() => log.push(`failed ${n}`))
        .onDiscarded(() => log.push(`discarded ${n}`));
    }
    finish(promise);
    expect(log).toEqual(order);
  });

  it('U01 then stands among the onAny callbacks', () => {
    const log: string[] = [];
    const { promise, future } = pending<number>();
    future.then(() => log.push('then'));
    future.onAny(() => log.push('any'));
    future.onReady(() => log.push('ready'));
    promise.set(1);
    expect(log).toEqual(['ready', 'then', 'any']);
  });

  it('U01 an associated future runs its own callbacks before a then registered earlier on the source', () => {
    const log: string[] = [];
    const source = pending<number>();
    const alias = pending<number>();
    source.future.then(() => log.push('then on the source'));
    alias.promise.associate(source.future);
    alias.future.onAny(() => log.push('any on the alias'));
    source.promise.set(1);
    expect(log).toEqual(['any on the alias', 'then on the source']);
  });

  it('U02 callbacks run on the stack of whoever completes the future, before set returns', () => {
    const log: string[] = [];
    const { promise, future } = pending<number>();
    future.onReady(() => log.push('callback')).then(() => log.push('continuation'));
    promise.set(1);
    log.push('set returned');
    expect(log).toEqual(['callback', 'continuation', 'set returned']);
  });

  it('U02 a callback registered from inside a callback runs at once', () => {
    const log: string[] = [];
    const { promise, future } = pending<number>();
    future.onReady(() => {
      future.onReady(() => log.push('inner'));
      log.push('outer');
    });
    promise.set(1);
    expect(log).toEqual(['inner', 'outer']);
  });

  it('U03 onDiscard runs at once where a discard was requested, even after completion', () => {
    const asked = pending<number>();
    asked.future.discard();
    asked.promise.set(1);
    const late = vi.fn();
    asked.future.onDiscard(late);
    expect(late).toHaveBeenCalledTimes(1);

    const unasked = pending<number>();
    unasked.promise.set(1);
    unasked.future.onDiscard(late);
    unasked.future.discard();
    expect(late).toHaveBeenCalledTimes(1);
  });

  it('U03 onDiscard callbacks run once, in order, at the first request', () => {
    const log: number[] = [];
    const { future } = pending<number>();
    future.onDiscard(() => log.push(1)).onDiscard(() => log.push(2));
    expect([future.discard(), future.discard()]).toEqual([true, false]);
    expect(log).toEqual([1, 2]);
  });

  it('U05 a promise is associated once', () => {
    const { promise, future } = pending<number>();
    const first = pending<number>();
    const second = pending<number>();
    expect(promise.associate(first.future)).toBe(true);
    expect(promise.associate(second.future)).toBe(false);
    second.promise.set(2);
    expect(future.isPending()).toBe(true);
    first.promise.set(1);
    expect(future.get()).toBe(1);
  });

  it('U05 a completed promise is not associated at all', () => {
    const { promise } = pending<number>();
    promise.set(1);
    expect(promise.associate(Future.ready(2))).toBe(false);
  });

  it('U06 collect that fails leaves its other inputs alone', () => {
    const { runtime } = virtualRuntime();
    const other = pending<number>();
    const failed = pending<number>();
    const all = inHandler(runtime, () => collect([other.future, failed.future]));
    failed.promise.fail(new Error('boom'));
    runtime.settle();
    expect(all.isFailed()).toBe(true);
    expect([other.future.isPending(), other.future.hasDiscard()]).toEqual([true, false]);
  });

  it('U07 select of nothing is abandoned', () => {
    const { runtime } = virtualRuntime();
    const none = inHandler(runtime, () => select([]));
    expect([none.isPending(), none.isAbandoned()]).toEqual([true, true]);
  });

  it('U07 select of inputs that all ended badly is abandoned, and not before the last', () => {
    const { runtime } = virtualRuntime();
    const failed = pending<number>();
    const discarded = pending<number>();
    const none = inHandler(runtime, () => select([failed.future, discarded.future]));
    failed.promise.fail(new Error('x'));
    runtime.settle();
    expect(none.isAbandoned()).toBe(false);
    discarded.promise.discard();
    runtime.settle();
    expect(none.isAbandoned()).toBe(true);
  });

  it('U19 recover after an abandonment runs once, also when the source completes later', () => {
    const { promise, future } = pending<number>();
    const recovering = vi.fn(() => 7);
    const recovered = future.recover(recovering);
    promise.abandon();
    promise.fail(new Error('late'));
    expect(recovered.get()).toBe(7);
    expect(recovering).toHaveBeenCalledTimes(1);
  });
});

describe('locks: what no upstream test pins', () => {
  it('U04 a queued mutex waiter that is discarded leaves the queue', () => {
    const mutex = new Mutex();
    const first = mutex.lock();
    const second = mutex.lock();
    const third = mutex.lock();
    second.discard();
    expect(second.isDiscarded()).toBe(true);
    first.get().release();
    expect(third.isReady()).toBe(true);
  });

  it('U04 a queued writer that is discarded lets the readers behind it in', () => {
    const lock = new ReadWriteLock();
    const reader = lock.readLock();
    const writer = lock.writeLock();
    const behind = lock.readLock();
    expect(behind.isPending()).toBe(true);
    writer.discard();
    expect(writer.isDiscarded()).toBe(true);
    expect(behind.isReady()).toBe(true);
    reader.get().release();
    behind.get().release();
    expect(lock.writeLock().isReady()).toBe(true);
  });

  it('U04 a then on a queued lock that was discarded never holds the lock', () => {
    const mutex = new Mutex();
    const held = mutex.lock();
    const chain = mutex.lock().then((lease) => lease);
    chain.discard();
    held.get().release();
    expect(chain.isDiscarded()).toBe(true);
    expect(mutex.lock().isReady()).toBe(true);
  });
});

describe('processes: what no upstream test pins', () => {
  it('U08 terminate without inject serves what was queued before it', () => {
    const { runtime } = virtualRuntime();
    const process = new Recorder();
    const pid = runtime.spawn(process);
    pid.note('before');
    runtime.terminate(pid, { inject: false });
    const after = pid.note('after');
    runtime.settle();
    expect(process.log).toEqual(['before', 'finalize']);
    expect(after.isAbandoned()).toBe(true);
  });

  it('U08 terminate with inject, the default, jumps the queue and abandons it', () => {
    const { runtime } = virtualRuntime();
    const process = new Recorder();
    const pid = runtime.spawn(process);
    const before = pid.note('before');
    runtime.terminate(pid);
    runtime.settle();
    expect(process.log).toEqual(['finalize']);
    expect(before.isAbandoned()).toBe(true);
  });

  it('U08 a process that terminates itself still finishes its handler', () => {
    const { runtime } = virtualRuntime();
    const process = new Recorder();
    const pid = runtime.spawn(process);
    const running = dispatch(pid, (it) => {
      runtime.terminate(pid);
      it.note('rest of the handler');
      return 1;
    });
    const queued = pid.note('queued');
    runtime.settle();
    expect(process.log).toEqual(['rest of the handler', 'finalize']);
    expect(running.get()).toBe(1);
    expect(queued.isAbandoned()).toBe(true);
  });

  it('U08 a dispatch to self inside finalize is abandoned', () => {
    let late: Future<void> | undefined;
    class Last extends Process<Last> {
      protected override finalize(): void {
        late = this.self.ping();
      }
      ping(): void {}
    }
    const { runtime } = virtualRuntime();
    const pid = runtime.spawn(new Last('last'));
    runtime.terminate(pid);
    runtime.settle();
    expect(late?.isAbandoned()).toBe(true);
  });

  it('U09 what one sender sends to one receiver arrives in order, across kinds', () => {
    class Both extends Process<Both> {
      readonly log: string[] = [];
      protected override initialize(): void {
        this.install('message', (_from, body) => this.log.push(String(body)));
      }
      call(text: string): void {
        this.log.push(text);
      }
    }
    class Sender extends Process<Sender> {
      go(to: PID<Both>): void {
        void to.call('1');
        this.send(to, 'message', '2');
        void dispatch(to, (it) => it.call('3'));
        this.send(to, 'message', '4');
        void to.call('5');
      }
    }
    const { runtime } = virtualRuntime();
    const receiver = new Both('receiver');
    const to = runtime.spawn(receiver);
    void runtime.spawn(new Sender('sender')).go(to);
    runtime.settle();
    expect(receiver.log).toEqual(['1', '2', '3', '4', '5']);
  });

  it('U10 linking twice gives one event; the link is consumed by it', () => {
    const { runtime } = virtualRuntime();
    const target = runtime.spawn(new Recorder());
    const process = new Watcher('watcher');
    const watcher = runtime.spawn(process);
    watcher.watch(target);
    watcher.watch(target);
    runtime.settle();
    runtime.terminate(target);
    runtime.settle();
    expect(process.seen).toEqual([target.id]);
  });

  it('U11 a link to a process that is already gone tells at once, through the mailbox', () => {
    const { runtime } = virtualRuntime();
    const target = runtime.spawn(new Recorder());
    runtime.terminate(target);
    runtime.settle();
    const process = new Watcher('watcher');
    const watcher = runtime.spawn(process);
    watcher.watch(target);
    runtime.settle();
    expect(process.seen).toEqual([target.id]);
    watcher.watch(target);
    runtime.settle();
    expect(process.seen).toEqual([target.id, target.id]);
  });

  it('U12 a process linked to itself ends without harm', () => {
    const { runtime } = virtualRuntime();
    const watcher = runtime.spawn(new Watcher('watcher'));
    watcher.watch(watcher);
    runtime.settle();
    const ended = runtime.wait(watcher);
    runtime.terminate(watcher);
    runtime.settle();
    expect(ended.get()).toBe(true);
  });

  it('U13 spawn refuses a second process of one id, and a second spawn of one object', () => {
    const { runtime } = virtualRuntime();
    const process = new Recorder();
    runtime.spawn(process, { id: 'only' });
    expect(() => runtime.spawn(new Recorder(), { id: 'only' })).toThrowError(
      expect.objectContaining({ name: 'RuntimeError', code: 'DUPLICATE_ID' }),
    );
    expect(() => runtime.spawn(process)).toThrowError(expect.objectContaining({ code: 'ALREADY_SPAWNED' }));
  });

  it('U13 the object of a process that has ended cannot be spawned again; its id can be used again', () => {
    const { runtime } = virtualRuntime();
    const process = new Recorder();
    const pid = runtime.spawn(process, { id: 'only' });
    runtime.terminate(pid);
    runtime.settle();
    expect(() => runtime.spawn(process)).toThrowError(expect.objectContaining({ code: 'ALREADY_SPAWNED' }));
    expect(runtime.spawn(new Recorder(), { id: 'only' }).id).toBe('only');
  });

  it('U13 spawn refuses once the runtime is finalizing', () => {
    const { runtime } = virtualRuntime();
    void runtime.finalize();
    expect(() => runtime.spawn(new Recorder())).toThrowError(RuntimeError);
    expect(() => runtime.spawn(new Recorder())).toThrowError(expect.objectContaining({ code: 'FINALIZING' }));
  });

  it('U14 a timed wait answers false at its deadline and true before it', () => {
    const { runtime, clock } = virtualRuntime();
    const pid = runtime.spawn(new Recorder());
    const short = runtime.wait(pid, { timeoutMs: 10 });
    const long = runtime.wait(pid, { timeoutMs: 1000 });
    runtime.settle();
    clock.advance(10);
    runtime.settle();
    expect(short.get()).toBe(false);
    runtime.terminate(pid);
    runtime.settle();
    expect(long.get()).toBe(true);
  });

  it('U15 a dispatch to a process that is gone is abandoned when it returns', () => {
    const { runtime } = virtualRuntime();
    const pid = runtime.spawn(new Recorder());
    runtime.terminate(pid);
    runtime.settle();
    const answers = [pid.answer(1), dispatch(pid, 'answer', 1), dispatch(pid, (it) => it.answer(1))];
    expect(answers.map(String)).toEqual(['Abandoned', 'Abandoned', 'Abandoned']);
  });

  it('U22 finalize ends busy processes and drops their timers', () => {
    class Busy extends Process<Busy> {
      turns = 0;
      ended = false;
      spin(): void {
        this.turns += 1;
        void this.self.spin();
      }
      protected override finalize(): void {
        this.ended = true;
      }
    }
    const runtime = new Runtime({ clock: new VirtualClock() });
    const process = new Busy('busy');
    void runtime.spawn(process).spin();
    const done = runtime.finalize();
    runtime.settle();
    expect(process.ended).toBe(true);
    expect(done.isReady()).toBe(true);
    expect(runtime.processes()).toEqual([]);
  });
});

describe('clock: what no upstream test pins', () => {
  it('U16 cancel is true only for a timer that was really prevented', () => {
    const { clock } = virtualRuntime();
    const fired: string[] = [];
    const one = clock.timer(clock.now() + 10, () => fired.push('one'));
    const two = clock.timer(clock.now() + 10, () => fired.push('two'));
    expect(clock.cancel(one)).toBe(true);
    expect(clock.cancel(one)).toBe(false);
    clock.advance(10);
    expect(fired).toEqual(['two']);
    expect(clock.cancel(two)).toBe(false);
  });

  it('U16 a cancelled timer says no although another one stands at the same deadline', () => {
    const { clock } = virtualRuntime();
    const first = clock.timer(5, () => undefined);
    clock.advance(5);
    clock.timer(5, () => undefined);
    expect(clock.cancel(first)).toBe(false);
  });

  it('U17 the offset of advance ends with resume', () => {
    const clock = new VirtualClock();
    const hour = 3_600_000;
    const before = clock.now();
    clock.advance(hour);
    expect(clock.now() - before).toBe(hour);
    clock.resume();
    const resumed = clock.now();
    clock.pause();
    expect(Math.abs(resumed - before)).toBeLessThan(hour / 2);
  });
});

describe('once: what no upstream test pins', () => {
  it('U20 runs for whoever comes first; the others share its outcome, and cannot discard it', () => {
    const once = new Once<number>();
    const work = new Deferred<number>();
    const doing = vi.fn(() => work.future);
    const first = once.run(doing);
    const second = once.run(doing);
    second.discard();
    expect(work.future.hasDiscard()).toBe(false);
    work.set(7);
    expect([first.get(), once.run(doing).get()]).toEqual([7, 7]);
    expect(doing).toHaveBeenCalledOnce();
  });
});

describe('latch: what no upstream test pins', () => {
  it('U21 trigger is true the first time only, and completes whoever waits', () => {
    const latch = new Latch();
    const before = latch.wait();
    expect(before.isPending()).toBe(true);
    expect([latch.trigger(), latch.trigger()]).toEqual([true, false]);
    expect([before.isReady(), latch.wait().isReady()]).toEqual([true, true]);
  });
});
