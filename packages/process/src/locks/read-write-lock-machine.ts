import { assign, setup } from 'xstate';
import { admits, admitsNewcomer, stateOf, withHolder } from './lock-rules.js';
import type { LockKind, LockStateName } from './lock-rules.js';

/** Somebody in the queue of the machine. */
export interface QueuedRequest {
  readonly id: number;
  readonly kind: LockKind;
}

/** Context of {@link readWriteLockMachine}. `granted` are the ids that the last event let in. */
export interface LockContext {
  readonly readers: number;
  readonly writing: boolean;
  readonly queue: readonly QueuedRequest[];
  readonly granted: readonly number[];
}

/** Events of {@link readWriteLockMachine}. `forget` is a waiter that gave up. */
export type LockEvent =
  | { readonly type: 'read'; readonly id: number }
  | { readonly type: 'write'; readonly id: number }
  | { readonly type: 'readUnlock' }
  | { readonly type: 'writeUnlock' }
  | { readonly type: 'forget'; readonly id: number };

/**
 * What an event makes of the context: the one definition that the machine, its guards and its properties
 * share.
 */
export function nextLock(context: LockContext, event: LockEvent): LockContext {
  const facts = { ...context, waiting: context.queue.length };
  switch (event.type) {
    case 'read':
    case 'write':
      if (admitsNewcomer(facts, event.type)) return withHolder({ ...context, granted: [event.id] }, event.type);
      return { ...context, queue: [...context.queue, { id: event.id, kind: event.type }], granted: [] };
    case 'readUnlock':
      return letIn({ ...context, readers: context.readers - 1 });
    case 'writeUnlock':
      return letIn({ ...context, writing: false });
    case 'forget':
      return letIn({ ...context, queue: context.queue.filter(({ id }) => id !== event.id) });
  }
}

/** Grants to the head of the queue for as long as the holders leave room. */
function letIn(context: LockContext): LockContext {
  const { queue } = context;
  let next: LockContext = { ...context, granted: [] };
  for (const { id, kind } of queue) {
    if (!admits(next, kind)) break;
    next = withHolder({ ...next, granted: [...next.granted, id] }, kind);
  }
  return { ...next, queue: queue.slice(next.granted.length) };
}

const leadsTo =
  (state: LockStateName) =>
  ({ context, event }: { context: LockContext; event: LockEvent }): boolean => {
    const next = nextLock(context, event);
    return stateOf({ ...next, waiting: next.queue.length }) === state;
  };

/**
 * The read-write lock as an XState machine, with the fairness of libprocess `ReadWriteLock`: first in, first
 * out; readers queue behind any waiting writer; a write unlock lets in the leading run of readers, or one
 * writer.
 *
 * | state    | read      | write      | readUnlock                   | writeUnlock          | forget            |
 * |----------|-----------|------------|------------------------------|----------------------|-------------------|
 * | unlocked | → reading | → writing  | –                            | –                    | –                 |
 * | reading  | stays, in | → draining | last: → unlocked, else stays | –                    | –                 |
 * | draining | queued    | queued     | last: a writer in, → writing | –                    | head: readers in  |
 * | writing  | queued    | queued     | –                            | whom the head allows | leaves the queue  |
 *
 * A write unlock leads to writing, reading, draining (more wait behind the readers let in) or unlocked. A writer at
 * the head that gives up while readers drain lets the readers behind it in: → reading, if nobody is left.
 * `–` are events that a correct holder never sends; the machine ignores them, the class's leases make them
 * impossible.
 */
export const readWriteLockMachine = setup({
  types: { context: {} as LockContext, events: {} as LockEvent },
  guards: {
    unlocks: leadsTo('unlocked'),
    reads: leadsTo('reading'),
    drains: leadsTo('draining'),
    writes: leadsTo('writing'),
  },
  actions: { apply: assign(({ context, event }) => nextLock(context, event)) },
}).createMachine({
  id: 'readWriteLock',
  initial: 'unlocked',
  context: { readers: 0, writing: false, queue: [], granted: [] },
  states: {
    unlocked: {
      on: {
        read: { target: 'reading', actions: 'apply' },
        write: { target: 'writing', actions: 'apply' },
      },
    },
    reading: {
      on: {
        read: { target: 'reading', actions: 'apply' },
        write: { target: 'draining', actions: 'apply' },
        readUnlock: [
          { guard: 'unlocks', target: 'unlocked', actions: 'apply' },
          { target: 'reading', actions: 'apply' },
        ],
      },
    },
    draining: {
      on: {
        read: { target: 'draining', actions: 'apply' },
        write: { target: 'draining', actions: 'apply' },
        readUnlock: [
          { guard: 'writes', target: 'writing', actions: 'apply' },
          { target: 'draining', actions: 'apply' },
        ],
        forget: [
          { guard: 'reads', target: 'reading', actions: 'apply' },
          { target: 'draining', actions: 'apply' },
        ],
      },
    },
    writing: {
      on: {
        read: { target: 'writing', actions: 'apply' },
        write: { target: 'writing', actions: 'apply' },
        writeUnlock: [
          { guard: 'unlocks', target: 'unlocked', actions: 'apply' },
          { guard: 'reads', target: 'reading', actions: 'apply' },
          { guard: 'drains', target: 'draining', actions: 'apply' },
          { target: 'writing', actions: 'apply' },
        ],
        forget: { target: 'writing', actions: 'apply' },
      },
    },
  },
});
