import type { Turn } from './turns.js';

/** Decides what runs next: first in, first out in production, chosen in a simulation. */
export interface Scheduler {
  /** Queues a turn; the host is asked to run it in a microtask. */
  add(turn: Turn): void;
  /** Runs everything that can run, and what that makes runnable, before it returns. */
  drain(): void;
  /** Runs one event; false if there is none. */
  step(): boolean;
}

/** How long a batch may keep the host's event loop from I/O and timers. */
export const BATCH_MS = 4;

const resolved = globalThis.Promise.resolve();

/** Asks the host for a microtask; cheaper than queueMicrotask. */
export function soon(f: () => void): void {
  resolved.then(f);
}

/** A microtask that may be called off; then it holds on to nothing. */
export interface Wake {
  pump: (() => void) | undefined;
}

/** As `soon`, for those who may run before: a synchronous test never lets microtasks go, and makes many runtimes. */
export function wakeSoon(pump: () => void): Wake {
  const wake: Wake = { pump };
  soon(() => wake.pump?.());
  return wake;
}
