import { createActor } from 'xstate';
import type { Runtime } from '../runtime/runtime.js';
import type { LockContext, LockEvent } from './read-write-lock-machine.js';
import { readWriteLockMachine } from './read-write-lock-machine.js';
import { stateOf } from './lock-rules.js';

/** The machine of a lock that is being watched: it decides, and every step of it is recorded. */
export class ObservedLock {
  readonly #actor;

  /** Starts where the lock stands now. */
  constructor(
    readonly runtime: Runtime,
    private readonly name: string,
    context: LockContext,
  ) {
    const value = stateOf({ ...context, waiting: context.queue.length });
    const snapshot = readWriteLockMachine.resolveState({ value, context });
    this.#actor = createActor(readWriteLockMachine, { snapshot });
    this.#actor.start();
  }

  /** Takes one step, about the lease of that number, and answers the context after it. */
  send(event: LockEvent, lease: number): LockContext {
    this.#actor.send(event);
    const { value, context } = this.#actor.getSnapshot();
    this.runtime.observe(() => ({
      version: 1,
      kind: 'machine',
      atMs: this.runtime.clock.now(),
      process: this.name,
      machine: readWriteLockMachine.id,
      event: event.type,
      cause: this.runtime.event,
      state: value,
      context: {
        readers: context.readers,
        queue: context.queue.map(({ kind }) => kind),
        granted: context.granted.length,
        lease,
        letIn: context.granted,
        waiting: context.queue.map(({ id }) => id),
      },
    }));
    return context;
  }
}
