import { createActor } from 'xstate';
import type { FutureCore } from '../future/future-core.js';
import type { Runtime } from '../runtime/runtime.js';
import type { LockKind } from './lock-rules.js';
import type { LockContext, LockEvent } from './read-write-lock-machine.js';
import { readWriteLockMachine } from './read-write-lock-machine.js';
import { stateOf } from './lock-rules.js';
import type { LockHolders } from './lock-rules.js';

/** The machine of a lock that is being watched: it decides, and every step of it is recorded. */
export class ObservedLock {
  readonly #actor;
  /** The machine knows requests by number; only a lock that is watched needs to count them. */
  readonly #ids = new WeakMap<FutureCore<unknown>, number>();
  #lastId = 0;

  /** Starts where the lock stands now. */
  constructor(
    readonly runtime: Runtime,
    private readonly name: string,
    holders: LockHolders,
    waiting: Iterable<FutureCore<unknown>>,
  ) {
    const queue = Array.from(waiting, (future) => {
      this.#lastId += 1;
      this.number(future);
      return { id: this.#lastId, kind: future.value as LockKind };
    });
    const context = { ...holders, queue, granted: [] };
    const value = stateOf({ ...holders, waiting: queue.length });
    const snapshot = readWriteLockMachine.resolveState({ value, context });
    this.#actor = createActor(readWriteLockMachine, { snapshot });
    this.#actor.start();
  }

  /** Somebody asks; the machine grants or queues. Answers the context after it. */
  request(kind: LockKind): LockContext {
    this.#lastId += 1;
    return this.#send({ type: kind, id: this.#lastId });
  }

  /** The last request is the one that `future` waits for. */
  number(future: FutureCore<unknown>): void {
    this.#ids.set(future, this.#lastId);
  }

  /** Somebody leaves the queue. */
  forget(future: FutureCore<unknown>): LockContext {
    return this.#send({ type: 'forget', id: this.#ids.get(future)! });
  }

  /** A holder is done. */
  unlock(kind: LockKind): LockContext {
    return this.#send({ type: kind === 'read' ? 'readUnlock' : 'writeUnlock' });
  }

  #send(event: LockEvent): LockContext {
    this.#actor.send(event);
    const { value, context } = this.#actor.getSnapshot();
    this.runtime.observe(() => ({
      version: 1,
      kind: 'machine',
      atMs: this.runtime.clock.now(),
      process: this.name,
      machine: readWriteLockMachine.id,
      event: event.type,
      state: value,
      context: {
        readers: context.readers,
        queue: context.queue.map(({ kind }) => kind),
        granted: context.granted.length,
      },
    }));
    return context;
  }
}
