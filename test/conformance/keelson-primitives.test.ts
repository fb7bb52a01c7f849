import {
  AbandonedError,
  Break,
  Continue,
  Deferred,
  delay,
  DisposedError,
  Future,
  type Lease,
  loop,
  Mutex,
  Process,
  Queue,
  RateLimiter,
  ReadWriteLock,
  readWriteLockMachine,
  Runtime,
  Sequence,
  VirtualClock,
} from '@keelson/process';
import { execFileSync } from 'node:child_process';
import { describe, expect, it, vi } from 'vitest';
import { createActor } from 'xstate';
import { pending, virtualRuntime } from './virtual-runtime.js';

describe('leases', () => {
  it('KS50 release once; a second release throws and changes nothing', () => {
    const lock = new ReadWriteLock();
    const lease = lock.writeLock().get();
    lease.release();
    const other = lock.writeLock();
    expect(() => lease.release()).toThrow();
    expect(other.isReady()).toBe(true);
    expect(lock.readLock().isPending()).toBe(true);

    const mutex = new Mutex();
    const held = mutex.lock().get();
    held.release();
    expect(() => held.release()).toThrow();
  });

  it('KS50 are disposable', () => {
    const lock = new ReadWriteLock();
    const lease: Lease = lock.readLock().get();
    const writer = lock.writeLock();
    lease[Symbol.dispose]();
    expect(writer.isReady()).toBe(true);
  });

  it('KS51 a reader that releases inside its own grant does not starve the rest of its group', () => {
    const lock = new ReadWriteLock();
    const writer = lock.writeLock();
    const log: string[] = [];
    lock.readLock().onReady((lease) => {
      log.push('first');
      lease.release();
    });
    lock.readLock().onReady(() => log.push('second'));
    lock.writeLock().onReady(() => log.push('writer'));
    writer.get().release();
    expect(log).toEqual(['first', 'second']);
  });

  it('KS51 a reader of a group that is discarded inside the grant of another does not cost the lock anything', () => {
    const lock = new ReadWriteLock();
    const writer = lock.writeLock();
    const first = lock.readLock();
    const second = lock.readLock();
    first.onReady(() => void second.discard());
    writer.get().release();
    first.get().release();
    if (second.isReady()) second.get().release();
    const next = lock.writeLock();
    expect(next.isReady()).toBe(true);
    const reader = lock.readLock();
    const another = lock.writeLock();
    next.get().release();
    expect([reader.isReady(), another.isReady()]).toEqual([true, false]);
    reader.get().release();
    expect(another.isReady()).toBe(true);
  });

  it('KS51 a request made inside a grant is answered on return', () => {
    const lock = new ReadWriteLock();
    const writer = lock.writeLock();
    const seen: boolean[] = [];
    lock.readLock().onReady(() => seen.push(lock.readLock().isReady()));
    writer.get().release();
    expect(seen).toEqual([true]);
  });
});

describe.each([
  ['withRead', (lock: ReadWriteLock) => lock.withRead.bind(lock)],
  ['withWrite', (lock: ReadWriteLock) => lock.withWrite.bind(lock)],
] as const)('%s', (name, method) => {
  const free = (lock: ReadWriteLock) => {
    const lease = lock.writeLock();
    if (lease.isReady()) lease.get().release();
    else lease.discard();
    return lease.isReady();
  };

  it.each([
    ['ready', (p: Deferred<number>) => void p.set(1)],
    ['failed', (p: Deferred<number>) => void p.fail(new Error('x'))],
    ['discarded', (p: Deferred<number>) => void p.discard()],
    ['abandoned', (p: Deferred<number>) => p.abandon()],
  ])(`KS52 ${name} holds until its work is %s, and then releases`, (_, finish) => {
    const lock = new ReadWriteLock();
    const work = pending<number>();
    const result = method(lock)(() => work.future);
    expect(free(lock)).toBe(false);
    finish(work.promise);
    expect(free(lock)).toBe(true);
    expect(result.toString()).toBe(work.future.toString());
  });

  it(`KS52 ${name} holds while its work goes on, though the caller lost interest`, () => {
    const lock = new ReadWriteLock();
    const work = pending<number>();
    const result = method(lock)(() => work.future);
    result.discard();
    expect(work.future.hasDiscard()).toBe(true);
    expect(free(lock)).toBe(false);
    work.promise.set(1);
    expect(free(lock)).toBe(true);
  });

  it(`KS52 ${name} releases when its work throws, and when it answers a plain value`, () => {
    const lock = new ReadWriteLock();
    const boom = new Error('boom');
    const thrown = method(lock)(() => {
      throw boom;
    });
    expect(thrown.failure()).toBe(boom);
    expect(free(lock)).toBe(true);
    expect(method(lock)(() => 42).get()).toBe(42);
    expect(free(lock)).toBe(true);
  });

  it(`KS52 ${name} that is discarded while it waits never runs, and never holds the lock`, () => {
    const lock = new ReadWriteLock();
    const writer = lock.writeLock();
    const work = vi.fn(() => 1);
    const result = method(lock)(work);
    result.discard();
    writer.get().release();
    expect(work).not.toHaveBeenCalled();
    expect(result.isDiscarded()).toBe(true);
    expect(free(lock)).toBe(true);
  });
});

describe('dispose', () => {
  it('KS53 of a read-write lock fails its waiters and later users with DisposedError', () => {
    const lock = new ReadWriteLock();
    const held = lock.writeLock();
    const waiters = [lock.readLock(), lock.writeLock()];
    lock.dispose();
    for (const waiter of waiters) expect(waiter.failure()).toBeInstanceOf(DisposedError);
    for (const late of [lock.readLock(), lock.writeLock(), lock.withRead(() => 1), lock.withWrite(() => 1)]) {
      expect(late.failure()).toBeInstanceOf(DisposedError);
    }
    expect(() => held.get().release()).not.toThrow();
    expect(() => lock.dispose()).not.toThrow();
  });

  it('KS53 of a mutex does the same', () => {
    const mutex = new Mutex();
    mutex.lock();
    const waiter = mutex.lock();
    mutex.dispose();
    expect(waiter.failure()).toBeInstanceOf(DisposedError);
    expect(mutex.lock().failure()).toBeInstanceOf(DisposedError);
  });

  it('KS53 of a sequence and of a limiter leaves nobody waiting for ever', () => {
    const { runtime } = virtualRuntime();
    const sequence = new Sequence();
    const limiter = new RateLimiter(1, 1000, { runtime });
    const gate = new Deferred<number>();
    sequence.add(() => gate.future);
    limiter.acquire();
    const waiting = [sequence.add(() => 1), limiter.acquire()];
    runtime.settle();
    sequence.dispose();
    limiter.dispose();
    gate.set(1);
    runtime.settle();
    expect(waiting.map((future) => future.isPending())).toEqual([false, false]);
    const late = [sequence.add(() => 1), limiter.acquire()];
    runtime.settle();
    expect(late.map((future) => future.isPending() || future.isReady())).toEqual([false, false]);
  });
});

describe('mutex.with', () => {
  it('KS54 runs one after the other and answers the value of its work', () => {
    const mutex = new Mutex();
    const first = pending<number>();
    const log: string[] = [];
    const one = mutex.with(() => first.future);
    const two = mutex.with(() => (log.push('second'), 2));
    expect(log).toEqual([]);
    first.promise.set(1);
    expect([one.get(), two.get(), log]).toEqual([1, 2, ['second']]);
  });
});

describe('without a runtime', () => {
  it('KS55 lock, mutex, queue and sequence work, synchronously', () => {
    expect(new ReadWriteLock().withWrite(() => 1).get()).toBe(1);
    expect(new Mutex().with(() => 2).get()).toBe(2);
    const queue = new Queue<number>();
    queue.put(3);
    expect(queue.get().get()).toBe(3);
  });

  it('KS55 a sequence and a limiter do as well, in real time', async () => {
    expect(await new Sequence().add(() => 4)).toBe(4);
    const limiter = new RateLimiter(1000, 1000);
    await limiter.acquire();
    await limiter.acquire();
    limiter.dispose();
  });
});

describe('the machine of the read-write lock', () => {
  it('KS56 is an xstate machine that starts unlocked', () => {
    const actor = createActor(readWriteLockMachine).start();
    expect(actor.getSnapshot().value).toBe('unlocked');
    actor.stop();
  });
});

describe('sequence', () => {
  it('KS57 goes on after one that failed, was discarded, was abandoned or threw', () => {
    const { runtime } = virtualRuntime();
    const sequence = new Sequence();
    const discarded = pending<number>();
    const abandoned = pending<number>();
    const answers = [
      sequence.add(() => Future.failed<number>(new Error('x'))),
      sequence.add(() => discarded.future),
      sequence.add(() => abandoned.future),
      sequence.add((): number => {
        throw new Error('thrown');
      }),
      sequence.add(() => 5),
    ];
    runtime.settle();
    discarded.promise.discard();
    abandoned.promise.abandon();
    runtime.settle();
    expect(answers.map((answer) => answer.toString().split(':')[0])).toEqual([
      'Failed',
      'Discarded',
      'Abandoned',
      'Failed',
      'Ready',
    ]);
  });
});

describe('loop', () => {
  it('KS58 fails with what its iterate or body throws or fails with', () => {
    const boom = new Error('boom');
    const thrower = (): number => {
      throw boom;
    };
    expect(loop(undefined, thrower, () => Continue).failure()).toBe(boom);
    expect(loop(undefined, () => 1, () => Future.failed<typeof Continue>(boom)).failure()).toBe(boom);
  });

  it('KS58 is abandoned with its step, and when its process ends', () => {
    const { runtime } = virtualRuntime();
    const step = pending<number>();
    const stuck = loop(undefined, () => step.future, () => Continue);
    step.promise.abandon();
    expect(stuck.isAbandoned()).toBe(true);

    class Host extends Process<Host> {}
    const pid = runtime.spawn(new Host('host'));
    const waiting = pending<number>();
    const hosted = loop(pid, () => waiting.future, () => Continue);
    runtime.settle();
    runtime.terminate(pid);
    runtime.settle();
    waiting.promise.set(1);
    runtime.settle();
    expect(hosted.isAbandoned()).toBe(true);
  });

  it('KS58 turns a million times without growing the stack', () => {
    let turns = 0;
    const { runtime } = virtualRuntime();
    class Host extends Process<Host> {}
    const pid = runtime.spawn(new Host('host'));
    const done = loop(
      pid,
      () => Future.ready(1),
      () => (++turns < 1_000_000 ? Continue : Break(turns)),
    );
    runtime.settle();
    expect(done.get()).toBe(1_000_000);
  });
});

describe('crowds', () => {
  const crowd = 100_000;

  it('KS59 a hundred thousand waiters of a mutex that each release inside their grant', () => {
    const mutex = new Mutex();
    const held = mutex.lock().get();
    let served = 0;
    for (let n = 0; n < crowd; n += 1) {
      mutex.lock().onReady((lease) => {
        served += 1;
        lease.release();
      });
    }
    held.release();
    expect(served).toBe(crowd);
    expect(mutex.lock().isReady()).toBe(true);
  });

  it('KS59 a hundred thousand waiters of a read-write lock, four readers to a writer', () => {
    const lock = new ReadWriteLock();
    const held = lock.writeLock().get();
    let served = 0;
    for (let n = 0; n < crowd; n += 1) {
      const with_ = n % 5 === 0 ? lock.withWrite.bind(lock) : lock.withRead.bind(lock);
      with_(() => (served += 1));
    }
    held.release();
    expect(served).toBe(crowd);
    expect(lock.writeLock().isReady()).toBe(true);
  });

  it('KS59 a hundred thousand steps of a sequence and gets of a queue', () => {
    const { runtime } = virtualRuntime();
    const sequence = new Sequence();
    const gate = new Deferred<void>();
    let steps = 0;
    sequence.add(() => gate.future);
    for (let n = 0; n < crowd; n += 1) sequence.add(() => (steps += 1));
    gate.set();
    runtime.settle();
    expect(steps).toBe(crowd);

    const queue = new Queue<number>();
    let got = 0;
    const take = (): void => {
      queue.get().onReady(() => (got += 1));
    };
    for (let n = 0; n < crowd; n += 1) take();
    for (let n = 0; n < crowd; n += 1) queue.put(n);
    expect(got).toBe(crowd);
  });

  it('KS59 a hundred thousand waiters that are all discarded leave nothing behind', () => {
    const lock = new ReadWriteLock();
    const held = lock.writeLock().get();
    const waiters = Array.from({ length: crowd }, (_, n) => (n % 2 ? lock.readLock() : lock.writeLock()));
    for (let n = crowd - 1; n >= 0; n -= 1) waiters[n]?.discard();
    held.release();
    expect(waiters.every((waiter) => waiter.isDiscarded())).toBe(true);
    expect(lock.writeLock().isReady()).toBe(true);
  });
});

describe('virtual clock', () => {
  it('KS60 starts at zero, and stands still', () => {
    expect(new VirtualClock().now()).toBe(0);
  });

  it('KS60 advance steps through every deadline: a one-millisecond ticker fires a thousand times', () => {
    const clock = new VirtualClock();
    const at: number[] = [];
    const tick = (): void => {
      at.push(clock.now());
      clock.timer(clock.now() + 1, tick);
    };
    clock.timer(1, tick);
    clock.advance(1000);
    expect(at).toEqual(Array.from({ length: 1000 }, (_, n) => n + 1));
    expect(clock.now()).toBe(1000);
  });

  it('KS60 so does a process that delays to itself, and what is due runs inside the call', () => {
    class Ticker extends Process<Ticker> {
      ticks = 0;
      protected override initialize(): void {
        delay(1, this.self, 'tick');
      }
      tick(): void {
        this.ticks += 1;
        delay(1, this.self, 'tick');
      }
    }
    const { runtime, clock } = virtualRuntime();
    const ticker = new Ticker('ticker');
    runtime.spawn(ticker);
    runtime.settle();
    clock.advance(1000);
    expect(ticker.ticks).toBe(1000);
  });

  it('KS60 timers of one deadline fire in the order they were made, and earlier deadlines first', () => {
    const clock = new VirtualClock();
    const log: string[] = [];
    clock.timer(2, () => log.push('c'));
    clock.timer(1, () => log.push('a'));
    clock.timer(1, () => log.push('b'));
    clock.advance(2);
    expect(log).toEqual(['a', 'b', 'c']);
  });

  it('KS61 a timer that throws does not stop the others', () => {
    const clock = new VirtualClock();
    const log: string[] = [];
    clock.timer(1, () => {
      throw new Error('careless timer');
    });
    clock.timer(1, () => log.push('second'));
    clock.timer(2, () => log.push('third'));
    try {
      clock.advance(2);
    } catch {
      clock.advance(2);
    }
    expect(log).toEqual(['second', 'third']);
  });
});

describe('an idle runtime', () => {
  const run = (text: string) =>
    execFileSync(process.execPath, ['--input-type=module', '-e', text], {
      timeout: 20_000,
      encoding: 'utf8',
      cwd: new URL('../..', import.meta.url).pathname,
    });

  it('KS62 does not keep Node alive', () => {
    const out = run(`
      import { Runtime, Process } from '@keelson/process';
      class Idle extends Process { ping() { return 'pong'; } }
      const pid = new Runtime({}).spawn(new Idle('idle'));
      console.log(await pid.ping());
    `);
    expect(out.trim()).toBe('pong');
  });

  it('KS62 but its work does: what was asked is served before Node ends', () => {
    const out = run(`
      import { Runtime, Process } from '@keelson/process';
      class Busy extends Process { ping(n) { if (n === 3000) console.log('done'); else void this.self.ping(n + 1); } }
      void new Runtime({}).spawn(new Busy('busy')).ping(0);
    `);
    expect(out.trim()).toBe('done');
  });
});

describe('errors', () => {
  it('KS63 are exported classes with their own names', () => {
    expect(new Runtime({ clock: new VirtualClock() })).toBeInstanceOf(Runtime);
    for (const type of [AbandonedError, DisposedError]) {
      const error = Object.create(type.prototype) as Error;
      expect(error).toBeInstanceOf(Error);
    }
  });
});
