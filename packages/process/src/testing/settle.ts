import type { Runtime } from '../runtime/runtime.js';

/**
 * Runs everything that can run in these runtimes, until all of them are quiet. They may send to one another.
 */
export function settle(...runtimes: Runtime[]): void {
  let events: number;
  do {
    events = countEvents(runtimes);
    for (const runtime of runtimes) runtime.settle();
  } while (countEvents(runtimes) !== events);
}

function countEvents(runtimes: readonly Runtime[]): number {
  return runtimes.reduce((sum, runtime) => sum + runtime.counters().events, 0);
}
