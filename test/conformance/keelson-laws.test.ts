import type { Future} from '@keelson/process';
import { Deferred, type Lease, type Observer, ReadWriteLock } from '@keelson/process';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ModelFuture } from './future-model.js';
import { virtualRuntime } from './virtual-runtime.js';

/** What a continuation does: answer a value, answer the future of a promise, or throw. */
const answer = fc.oneof(
  fc.record({ kind: fc.constant('value' as const), n: fc.nat(9) }),
  fc.record({ kind: fc.constant('future' as const), promise: fc.nat(4) }),
  fc.record({ kind: fc.constant('throw' as const) }),
);

/** One line of a program over five promises and whatever futures it derives. Numbers choose among what there is. */
const step = fc.oneof(
  fc.record({ op: fc.constantFrom('then', 'repair', 'recover'), future: fc.nat(99), answer }),
  fc.record({ op: fc.constantFrom('undiscardable', 'discard', 'onReady', 'onFailed', 'onDiscarded', 'onAny'), future: fc.nat(99) }),
  // A callback that completes another promise: settling nests.
  fc.record({ op: fc.constantFrom('onReadySet', 'onAnySet'), future: fc.nat(99), promise: fc.nat(4) }),
  fc.record({ op: fc.constantFrom('set', 'fail', 'drop'), promise: fc.nat(4) }),
  fc.record({ op: fc.constant('associate'), promise: fc.integer({ min: 1, max: 4 }), other: fc.nat(3) }),
);
type Step = { op: string; future?: number; promise?: number; other?: number; answer?: { kind: string; n?: number; promise?: number } };

/** The real futures and the model, seen alike by a program. */
interface World<F> {
  readonly promises: F[];
  then(future: F, f: () => unknown): F;
  repair(future: F, f: () => unknown): F;
  recover(future: F, f: () => unknown): F;
  undiscardable(future: F): F;
  on(future: F, when: 'Ready' | 'Failed' | 'Discarded' | 'any', callback: () => void): void;
  discard(future: F): boolean;
  set(promise: number, value: number): boolean;
  fail(promise: number): boolean;
  drop(promise: number): boolean;
  abandon(promise: number): void;
  associate(promise: number, other: number): boolean;
}

function realWorld(): World<Future<unknown>> {
  const deferreds = Array.from({ length: 5 }, () => new Deferred<unknown>());
  const at = (index: number) => deferreds[index] as Deferred<unknown>;
  return {
    promises: deferreds.map((deferred) => deferred.future),
    then: (future, f) => future.then(() => f()),
    repair: (future, f) => future.repair(() => f()),
    recover: (future, f) => future.recover(() => f()),
    undiscardable: (future) => future.undiscardable(),
    on: (future, when, callback) => void (when === 'any' ? future.onAny(callback) : future[`on${when}`](callback)),
    discard: (future) => future.discard(),
    set: (promise, value) => at(promise).set(value),
    fail: (promise) => at(promise).fail(new Error('failed')),
    drop: (promise) => at(promise).discard(),
    abandon: (promise) => at(promise).abandon(),
    associate: (promise, other) => at(promise).associate(at(other).future),
  };
}

function modelWorld(): World<ModelFuture> {
  const promises = Array.from({ length: 5 }, () => new ModelFuture());
  const at = (index: number) => promises[index] as ModelFuture;
  const free = (index: number) => !at(index).associated;
  return {
    promises,
    then: (future, f) => future.then(f),
    repair: (future, f) => future.repair(f),
    recover: (future, f) => future.recover(f),
    undiscardable: (future) => future.undiscardable(),
    on: (future, when, callback) => future.on(when, callback),
    discard: (future) => future.discard(),
    set: (promise, value) => free(promise) && at(promise).complete('Ready', value),
    fail: (promise) => free(promise) && at(promise).complete('Failed', 'failed'),
    drop: (promise) => free(promise) && at(promise).complete('Discarded', undefined),
    abandon: (promise) => (free(promise) ? at(promise).abandon() : undefined),
    associate: (promise, other) => at(promise).follow(at(other)),
  };
}

/** Runs a program and answers all that could be seen: what ran in which order, what was answered, how all ended. */
function observe<F>(world: World<F>, program: readonly Step[]): { log: string[]; ends: string[] } {
  const log: string[] = [];
  const futures = [...world.promises];
  program.forEach((line, number) => {
    const future = futures[(line.future ?? 0) % futures.length] as F;
    const promise = line.promise ?? 0;
    const f = (): unknown => {
      log.push(`${number} ${line.op}`);
      if (line.answer?.kind === 'throw') throw new Error('thrown');
      return line.answer?.kind === 'future' ? world.promises[line.answer.promise ?? 0] : line.answer?.n;
    };
    const ran = () => void log.push(`${number} ${line.op}`);
    switch (line.op) {
      case 'then':
      case 'repair':
      case 'recover':
        futures.push(world[line.op](future, f));
        break;
      case 'undiscardable':
        futures.push(world.undiscardable(future));
        break;
      case 'onReadySet':
      case 'onAnySet':
        world.on(future, line.op === 'onReadySet' ? 'Ready' : 'any', () => {
          ran();
          log.push(`${number} ${String(world.set(promise, number))}`);
        });
        break;
      case 'discard':
        log.push(`${number} ${String(world.discard(future))}`);
        break;
      case 'set':
        log.push(`${number} ${String(world.set(promise, number))}`);
        break;
      case 'fail':
      case 'drop':
        log.push(`${number} ${String(world[line.op](promise))}`);
        break;
      case 'abandon':
        world.abandon(promise);
        break;
      case 'associate':
        if ((line.other ?? 0) < promise) log.push(`${number} ${String(world.associate(promise, line.other ?? 0))}`);
        break;
      default:
        world.on(future, line.op === 'onAny' ? 'any' : (line.op.slice(2) as 'Ready'), ran);
    }
  });
  return { log, ends: futures.map(String) };
}

describe('laws of futures', () => {
  it('KS70 every program runs its callbacks in the order in which nested calls would', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 40 }), (program) => {
        expect(observe(realWorld(), program)).toEqual(observe(modelWorld(), program));
      }),
      { numRuns: 2000 },
    );
  });

  it('KS70 with abandonment, the same callbacks run and everything ends the same', () => {
    const abandon = fc.record({ op: fc.constant('abandon'), promise: fc.nat(4) });
    fc.assert(
      fc.property(fc.array(fc.oneof({ weight: 6, arbitrary: step }, { weight: 1, arbitrary: abandon }), { maxLength: 40 }), (program) => {
        const real = observe(realWorld(), program);
        const model = observe(modelWorld(), program);
        expect(real.ends).toEqual(model.ends);
        expect(real.log.toSorted()).toEqual(model.log.toSorted());
      }),
      { numRuns: 2000 },
    );
  });
});

/** The read-write lock as libprocess's table states it. */
class ModelLock {
  writing = false;
  readers = 0;
  queue: { id: number; kind: 'read' | 'write' }[] = [];
  readonly granted: number[] = [];

  request(id: number, kind: 'read' | 'write'): void {
    const free = kind === 'read' ? !this.writing && this.queue.length === 0 : !this.writing && this.readers === 0;
    if (!free) return void this.queue.push({ id, kind });
    this.#grant(id, kind);
  }

  release(kind: 'read' | 'write'): void {
    if (kind === 'write') this.writing = false;
    else this.readers -= 1;
    this.#serve();
  }

  forget(id: number): void {
    this.queue = this.queue.filter((waiter) => waiter.id !== id);
    this.#serve();
  }

  #serve(): void {
    while (!this.writing) {
      const [head] = this.queue;
      if (!head || (head.kind === 'write' && this.readers > 0)) return;
      this.queue.shift();
      this.#grant(head.id, head.kind);
    }
  }

  #grant(id: number, kind: 'read' | 'write'): void {
    if (kind === 'write') this.writing = true;
    else this.readers += 1;
    this.granted.push(id);
  }
}

describe('laws of the read-write lock', () => {
  const command = fc.oneof(
    fc.record({ op: fc.constantFrom('read' as const, 'write' as const), which: fc.constant(0) }),
    fc.record({ op: fc.constantFrom('release' as const, 'discard' as const), which: fc.nat(20) }),
  );

  const watcher: Observer = { record: () => undefined };

  it.each([
    ['as a class', () => new ReadWriteLock()],
    ['as the machine that observers see', () => new ReadWriteLock({ runtime: virtualRuntime({ observers: [watcher] }).runtime })],
  ])('KS71 it grants what the table says, in its order, %s', (_, make) => {
    fc.assert(
      fc.property(fc.array(command, { maxLength: 60 }), (commands) => {
        const lock = make();
        const model = new ModelLock();
        const granted: number[] = [];
        const held = new Map<number, { lease: Lease; kind: 'read' | 'write' }>();
        const waiting = new Map<number, Future<Lease>>();
        commands.forEach((line, id) => {
          if (line.op === 'read' || line.op === 'write') {
            const kind = line.op;
            model.request(id, kind);
            const future = kind === 'read' ? lock.readLock() : lock.writeLock();
            waiting.set(id, future);
            future.onReady((lease) => {
              granted.push(id);
              waiting.delete(id);
              held.set(id, { lease, kind });
            });
          } else if (line.op === 'release') {
            const [chosen, holder] = [...held][line.which % Math.max(1, held.size)] ?? [];
            if (chosen === undefined || !holder) return;
            held.delete(chosen);
            model.release(holder.kind);
            holder.lease.release();
          } else {
            const [chosen, future] = [...waiting][line.which % Math.max(1, waiting.size)] ?? [];
            if (chosen === undefined || !future) return;
            waiting.delete(chosen);
            model.forget(chosen);
            future.discard();
            expect(future.isDiscarded()).toBe(true);
          }
          expect(granted).toEqual(model.granted);
        });
      }),
      { numRuns: 500 },
    );
  });
});
