import {
  after,
  type Crash,
  defer,
  Deferred,
  delay,
  dispatch,
  type Executor,
  Future,
  type PID,
  post,
  Process,
  type Random,
  RealClock,
  Runtime,
  strayFailures,
} from '@keelson/process';
import { describe, expect, it } from 'vitest';
import { virtualRuntime } from './virtual-runtime.js';

class Fragile extends Process<Fragile> {
  count = 0;
  constructor() {
    super('fragile');
  }
  add(): number {
    this.count += 1;
    return this.count;
  }
  crash(): never {
    throw new TypeError('a bug');
  }
}

describe('supervision', () => {
  it('KS25 a supervised process is made anew when it crashes, and its pid reaches the new one', () => {
    const { runtime, clock } = virtualRuntime();
    const crashes: Crash[] = [];
    const pid = runtime.spawn(new Fragile(), {
      supervise: { create: () => new Fragile(), minDelayMs: 100, onCrash: (crash) => void crashes.push(crash) },
    });
    pid.add();
    runtime.settle();
    const crashed = pid.crash();
    const behind = pid.add();
    runtime.settle();
    expect(crashed.isFailed()).toBe(true);
    expect(behind.isAbandoned()).toBe(true);
    expect(pid.add().isAbandoned()).toBe(true);
    expect(crashes).toHaveLength(1);
    expect(crashes[0]).toMatchObject({ process: pid.id, event: { label: 'crash' }, mailboxDepth: 1 });

    clock.advance(100);
    const fresh = pid.add();
    runtime.settle();
    expect(fresh.get()).toBe(1);
    expect(runtime.processes().map(({ id }) => id)).toEqual([pid.id]);
  });

  it('KS25 it is given up when it crashes too often', () => {
    const { runtime, clock } = virtualRuntime();
    const pid = runtime.spawn(new Fragile(), { supervise: { create: () => new Fragile(), maxRestarts: 2 } });
    for (let n = 0; n < 5; n += 1) {
      pid.crash();
      runtime.settle();
      clock.advance(10_000);
    }
    expect(runtime.lookup(pid.id)).toBeUndefined();
    expect(runtime.counters().restarts).toBe(2);
  });

  it('KS25 one that is terminated on request is not made anew', () => {
    const { runtime, clock } = virtualRuntime();
    const pid = runtime.spawn(new Fragile(), { supervise: { create: () => new Fragile() } });
    runtime.terminate(pid);
    clock.advance(100_000);
    expect(runtime.lookup(pid.id)).toBeUndefined();
  });
});

describe('stand-ins', () => {
  interface Store {
    readonly id: string;
    get(name: string): Future<string>;
  }

  class Reader extends Process<Reader> {
    constructor(private readonly store: Store) {
      super('reader');
    }
    read(name: string): Future<string> {
      return this.store.get(name).then(defer(this, this.#shout));
    }
    #shout(text: string): string {
      return text.toUpperCase();
    }
  }

  it('KS26 a plain object with the methods of a pid can stand in for one', () => {
    const { runtime, clock } = virtualRuntime();
    const asked: string[] = [];
    const fake: Store = {
      id: 'fake',
      get: (name) => {
        asked.push(name);
        return Future.ready(`image ${name}`);
      },
    };
    const read = runtime.spawn(new Reader(fake)).read('a');
    const dispatched = dispatch(fake, 'get', 'b');
    post(fake, 'get', 'c');
    const deferred = defer(fake, 'get', 'd')();
    runtime.settle();
    expect(read.get()).toBe('IMAGE A');
    expect(dispatched.get()).toBe('image b');
    expect(deferred.get()).toBe('image d');
    expect(asked.toSorted()).toEqual(['a', 'b', 'c', 'd']);
    expect(clock.now()).toBe(0);
  });
});

describe('seams', () => {
  it('KS27 the runtime hands out the executor and the chance it was given', () => {
    const executor: Executor = { execute: <R>() => Future.ready('done' as R) };
    const random: Random = { next: () => 0.5, id: (prefix) => `${prefix}-fixed` };
    const runtime = new Runtime({ executor, random });
    expect(runtime.executor).toBe(executor);
    expect([runtime.random.next(), runtime.random.id('x')]).toEqual([0.5, 'x-fixed']);
  });

  it('KS27 without an executor a job fails, and says why; chance is the host’s', () => {
    const runtime = new Runtime({});
    expect(runtime.executor.execute({ name: 'store.unpack', input: 1 }).failure()).toMatchObject({ code: 'NO_EXECUTOR' });
    const n = runtime.random.next();
    expect(n >= 0 && n < 1).toBe(true);
    const ids = new Set(Array.from({ length: 1000 }, () => runtime.random.id('layer')));
    expect(ids.size).toBe(1000);
    expect([...ids].every((id) => id.startsWith('layer'))).toBe(true);
  });

  it('KS28 any clock can be paused, moved and resumed; what was advanced is forgotten then', () => {
    const clock = new RealClock();
    const before = clock.now();
    clock.pause();
    const frozen = clock.now();
    expect(clock.now()).toBe(frozen);
    let fired = false;
    clock.timer(frozen + 1000, () => (fired = true));
    clock.advance(999);
    expect(fired).toBe(false);
    clock.advance(1);
    expect(fired).toBe(true);
    clock.advance(3_600_000);
    clock.resume();
    expect(clock.now() - before).toBeLessThan(3_600_000);
    expect(clock.now()).toBeGreaterThanOrEqual(before);
  });

  it('KS28 advance does nothing while time runs', () => {
    const clock = new RealClock();
    const before = clock.now();
    clock.advance(3_600_000);
    expect(clock.now() - before).toBeLessThan(3_600_000);
  });

  it('KS28 a callback that moves the clock itself does not make time go back', () => {
    const { clock } = virtualRuntime();
    clock.timer(1, () => clock.advance(100));
    clock.advance(10);
    expect(clock.now()).toBeGreaterThanOrEqual(101);
  });

  it('KS29 failures nobody looked at are counted, and forgotten when somebody does', () => {
    const { runtime } = virtualRuntime();
    class Failing extends Process<Failing> {
      fail(): Future<number> {
        return Future.failed(Object.assign(new Error('silent'), { code: 'X' }));
      }
    }
    const pid = runtime.spawn(new Failing('failing'));
    const before = runtime.failures.unobserved.count;
    const silent = pid.fail();
    silent.subscribe(() => undefined);
    const seen = pid.fail();
    runtime.settle();
    seen.onFailed(() => undefined);
    expect(runtime.failures.unobserved.count - before).toBe(1);
    silent.onFailed(() => undefined);
    expect(runtime.failures.unobserved.count - before).toBe(0);
  });

  it('KS29 also outside any runtime', () => {
    const before = strayFailures.unobserved.count;
    const { future, ...promise } = { ...new Deferred<number>(), future: Future.failed<number>(new Error('stray')) };
    expect(promise).toBeDefined();
    expect(strayFailures.unobserved.count - before).toBe(1);
    future.onAny(() => undefined);
    expect(strayFailures.unobserved.count - before).toBe(0);
  });
});

describe('settle with others on one clock', () => {
  it('KS29 two runtimes on one clock both run inside advance', () => {
    const first = virtualRuntime();
    const second = new Runtime({ clock: first.clock });
    const futures = [after(5, { runtime: first.runtime }), after(5, { runtime: second })];
    first.clock.advance(5);
    expect(futures.map((future) => future.isReady())).toEqual([true, true]);
  });

  it('KS29 a delay to a process of another runtime uses that runtime’s clock', () => {
    const here = virtualRuntime();
    const there = virtualRuntime();
    const process = new Fragile();
    const pid: PID<Fragile> = there.runtime.spawn(process);
    delay(5, pid, 'add');
    here.clock.advance(100);
    expect(process.count).toBe(0);
    there.clock.advance(5);
    expect(process.count).toBe(1);
  });
});
