import { defer, Deferred, Future, Mutex, Process, ReadWriteLock, Runtime } from '@keelson/process';
import type { PID } from '@keelson/process';
import type { Scenario, SimulationContext } from '@keelson/simulation';
import {
  CrashedError,
  DeadlockError,
  InvariantError,
  LeakedLeaseError,
  LeakedRootError,
  LivelockError,
  LockLedger,
  makeSimulatedImage,
  runPlan,
  simulatePlan,
  UnansweredError,
} from '@keelson/simulation';
import { describe, expect, it } from 'vitest';

const scenario = (run: (context: SimulationContext<undefined>) => void): Scenario => ({
  name: 'oracle',
  module: import.meta.url,
  run,
});
const errorOf = (run: (context: SimulationContext<undefined>) => void, options: { maxSteps?: number; recording?: boolean } = {}) =>
  runPlan(scenario(run), { order: [], input: undefined }, options).error;

/** Two locks taken in the order its caller says. */
class Diner extends Process<Diner> {
  constructor(
    id: string,
    private readonly left: Mutex,
    private readonly right: Mutex,
  ) {
    super(id);
  }

  eat(): Future<void> {
    return this.left.with(() => this.self.rest().then(() => this.right.with(() => undefined)));
  }

  rest(): void {}
}

class Counter extends Process<Counter> {
  value = 0;

  constructor() {
    super('counter');
  }

  increment(): Future<void> {
    const before = this.value;
    return this.self.pause().then(defer(this, () => void (this.value = before + 1)));
  }

  pause(): void {}

  again(): void {
    this.self.again();
  }
}

describe('watched futures', () => {
  it('that never settle are a deadlock, told by name', () => {
    const error = errorOf((context) => {
      context.watch('answered', Future.ready(1));
      context.watch('the lost one', new Deferred<void>().future);
      context.settle();
    });
    expect(error).toBeInstanceOf(DeadlockError);
    expect(error?.message).toBe('nothing can run any more, and these never settled: the lost one');
  });

  it('that are abandoned or discarded are settled', () => {
    const abandoned = new Deferred<void>();
    const discarded = new Deferred<void>();
    expect(
      errorOf((context) => {
        context.watch('abandoned', abandoned.future);
        context.watch('discarded', discarded.future);
        abandoned.abandon();
        discarded.discard();
      }),
    ).toBeUndefined();
  });

  it('may stay open where the power went', () => {
    const run = (context: SimulationContext<undefined>): void => {
      const counter = context.runtime().spawn(new Counter());
      context.watch('increment', counter.increment());
      expect(context.settle()).toBe(false);
    };
    const { error } = runPlan(scenario(run), { order: [], crash: { step: 1, fates: [] }, input: undefined });
    expect(error).toBeUndefined();
  });
});

describe('a deadlock over locks', () => {
  const dine = (context: SimulationContext<undefined>): void => {
    const runtime = context.runtime();
    const [one, two] = [new Mutex({ name: 'fork one' }), new Mutex({ name: 'fork two' })];
    for (const diner of [new Diner('ann', one, two), new Diner('ben', two, one)]) {
      const pid: PID<Diner> = runtime.spawn(diner);
      context.watch(`${diner.self.id} eats`, pid.eat());
    }
    context.settle();
  };

  it('names who holds and who waits', () => {
    const error = errorOf(dine, { recording: true });
    expect(error).toBeInstanceOf(DeadlockError);
    expect(error?.message).toMatch(/never settled: ann\(1\) eats, ben\(1\) eats/);
    expect(error?.message).toMatch(/lock fork one is held: write for ann\(1\)\.eat #\d+; waiting: write for ben\(1\)\.rest #\d+/);
    expect(error?.message).toMatch(/lock fork two is held: write for ben\(1\)\.eat #\d+; waiting: write for ann\(1\)\.rest #\d+/);
  });

  it('is reported with its locks although the first run was not recorded', () => {
    expect(() => simulatePlan(scenario(dine), { order: [], input: undefined }, { failures: false })).toThrow('lock fork one is held');
  });
});

describe('leases', () => {
  const hold = (context: SimulationContext<undefined>, release: boolean): void => {
    context.expectLocksReleased();
    const lock = new ReadWriteLock({ name: 'layers', runtime: context.runtime() });
    lock.readLock().onReady((lease) => (release ? lease.release() : undefined));
    lock.readLock().onReady((lease) => lease.release());
    context.settle();
  };

  it('that are never given back are leaked', () => {
    const error = errorOf((context) => hold(context, false));
    expect(error).toBeInstanceOf(LeakedLeaseError);
    expect(error?.message).toContain('lock layers is held: read for outside');
  });

  it('that were all given back are fine', () => {
    expect(errorOf((context) => hold(context, true))).toBeUndefined();
  });
});

describe('requests', () => {
  /** Passes on to somebody who forgets to answer the second time. */
  class Clerk extends Process<Clerk> {
    #asked = 0;

    constructor(private readonly drawer: Deferred<string>[]) {
      super('clerk');
    }

    fetch(paper: string): Future<string> {
      return this.self.look(paper);
    }

    look(paper: string): Future<string> {
      const answer = new Deferred<string>();
      this.drawer.push(answer);
      this.#asked += 1;
      if (this.#asked === 1) answer.set(paper);
      return answer.future;
    }
  }
  const ask = (context: SimulationContext<undefined>, times: number, mayWait?: RegExp): Deferred<string>[] => {
    context.expectAllAnswered(mayWait && { mayWait });
    const drawer: Deferred<string>[] = [];
    const clerk = context.runtime().spawn(new Clerk(drawer));
    for (let count = 0; count < times; count += 1) clerk.fetch('a paper');
    context.settle();
    return drawer;
  };

  it('that are never answered are told by name, and in which event they were sent', () => {
    const error = errorOf((context) => void ask(context, 2));
    expect(error).toBeInstanceOf(UnansweredError);
    expect(error?.message).toMatch(/these requests were never answered: clerk\(1\)\.fetch #\d+, sent from outside; clerk\(1\)\.look #\d+, sent in clerk\(1\)\.fetch #\d+$/);
  });

  it('that were answered, or may wait, are fine', () => {
    expect(errorOf((context) => void ask(context, 1))).toBeUndefined();
    expect(errorOf((context) => void ask(context, 2, /\.(fetch|look)$/))).toBeUndefined();
  });

  it('that were abandoned have been told', () => {
    expect(errorOf((context) => ask(context, 2).at(-1)?.abandon())).toBeUndefined();
  });

  it('without an answer are listed with a deadlock', () => {
    const error = errorOf(
      (context) => {
        const clerk = context.runtime().spawn(new Clerk([]));
        void clerk.fetch('one');
        context.watch('the second paper', clerk.fetch('two'));
        context.settle();
      },
      { recording: true },
    );
    expect(error?.message).toMatch(/the second paper\n {2}no answer yet: clerk\(1\)\.fetch #\d+, sent from outside\n/);
  });
});

describe('roots', () => {
  const pull = (context: SimulationContext<undefined>, release: boolean): void => {
    const world = context.world();
    world.registry.put('web', 'latest', makeSimulatedImage([{ base: 'base' }]));
    context.expectRootsReleased(world);
    void world.store.recover();
    world.settle();
    void world.store.get('registry.test/web', { owner: 'a planted leak' });
    world.settle();
    if (release) void world.store.release('a planted leak');
    world.settle();
  };

  it('that nobody gives back are leaked, told by owner with what it holds', () => {
    const error = errorOf((context) => pull(context, false));
    expect(error).toBeInstanceOf(LeakedRootError);
    expect(error?.message).toMatch(/root 'a planted leak' holds registry\.test\/web:latest, .*layer [0-9a-f]{12}/);
  });

  it('that were given back are fine', () => {
    expect(errorOf((context) => pull(context, true))).toBeUndefined();
  });
});

describe('LockLedger', () => {
  /** Drives a lock of a watched runtime, and tells what the ledger says at the end. */
  function describeAfter(drive: (lock: ReadWriteLock) => void): string[] {
    const ledger = new LockLedger();
    const runtime = new Runtime({ observers: [ledger] });
    drive(new ReadWriteLock({ name: 'layers', runtime }));
    return ledger.describe();
  }

  it('lets waiters in as the lock does', () => {
    const lines = describeAfter((lock) => {
      lock.writeLock().onReady((lease) => {
        lock.readLock();
        lock.readLock();
        lock.writeLock();
        lease.release();
      });
    });
    expect(lines).toEqual(['lock layers is held: read for outside, read for outside; waiting: write for outside']);
  });

  it('forgets a waiter that gives up', () => {
    const lines = describeAfter((lock) => {
      lock.writeLock();
      lock.readLock().discard();
    });
    expect(lines).toEqual(['lock layers is held: write for outside']);
  });
});

describe('invariants', () => {
  const lostUpdate = (context: SimulationContext<undefined>): void => {
    const process = new Counter();
    const counter = context.runtime().spawn(process);
    context.invariant('counts up to one', () => expect(process.value).toBeLessThan(2));
    counter.increment();
    context.settle();
    counter.increment();
    context.settle();
  };

  it('are looked at after every step, the last one too', () => {
    const error = errorOf(lostUpdate);
    expect(error).toBeInstanceOf(InvariantError);
    expect(error?.message).toContain("'counts up to one' does not hold");
  });
});

describe('a run that does not end', () => {
  it('is a livelock after its bound of steps, and shows the last ones', () => {
    const error = errorOf(
      (context) => {
        context.runtime().spawn(new Counter()).again();
        context.settle();
      },
      { maxSteps: 50 },
    );
    expect(error).toBeInstanceOf(LivelockError);
    expect((error as LivelockError).recent.at(-1)).toBe('counter(1).again');
  });
});

describe('a crash', () => {
  class Fragile extends Process<Fragile> {
    touch(): void {
      throw new TypeError('it broke');
    }
  }
  const crash = (context: SimulationContext<undefined>): void => {
    void context.runtime().spawn(new Fragile('vase')).touch();
    context.settle();
  };

  it('fails the scenario although nobody looked at the answer, and says what crashed where it is watched', () => {
    expect(errorOf(crash)).toBeInstanceOf(CrashedError);
    expect(errorOf(crash, { recording: true })?.message).toBe('something crashed: vase(1): it broke');
  });

  it('is fine where it is expected', () => {
    const expected = (context: SimulationContext<undefined>): void => {
      context.allowCrashes();
      crash(context);
    };
    expect(errorOf(expected)).toBeUndefined();
  });

  it('of a callback fails the scenario too', () => {
    const error = errorOf((context) => {
      const counter = context.runtime().spawn(new Counter());
      counter.increment().onReady(() => expect(1).toBe(2));
      context.settle();
    });
    expect(error?.message).toContain('something crashed: a callback: expected 1 to be 2');
  });
});

describe('a scenario that awaits', () => {
  it('is refused, as its run could not be repeated', () => {
    const run = (async () => {}) as () => void;
    expect(errorOf(run)?.message).toContain('is asynchronous');
  });
});
