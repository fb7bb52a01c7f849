import type { PlainObject } from './plain.js';

/** Key of {@link processDefinition}. */
export const PROCESS_MACHINE = 'process';
/** Key of {@link leaseDefinition}. */
export const LEASE_MACHINE = 'lease';
/** Key under which the read-write lock of `@keelson/process` tells its steps. */
export const LOCK_MACHINE = 'readWriteLock';

/** A process as its runtime drives it. A handler that answered a pending future is done; the answer is not. */
export const processDefinition: PlainObject = {
  id: PROCESS_MACHINE,
  initial: 'spawned',
  states: {
    spawned: { on: { initialize: { target: 'idle' } } },
    idle: { on: { event: { target: 'serving' }, terminate: { target: 'gone' } } },
    serving: { on: { done: { target: 'idle' }, crash: { target: 'crashed' } } },
    crashed: { on: { restart: { target: 'spawned' } } },
    gone: { type: 'final' },
  },
};

/** A lease of a lock, from the moment somebody asks for it. */
export const leaseDefinition: PlainObject = {
  id: LEASE_MACHINE,
  initial: 'waiting',
  states: {
    waiting: { on: { granted: { target: 'held' }, forget: { target: 'given up' } } },
    held: { on: { release: { target: 'released' } } },
    released: { type: 'final' },
    'given up': { type: 'final' },
  },
};
