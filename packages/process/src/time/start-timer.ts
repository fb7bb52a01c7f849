import { current } from '../runtime/current.js';
import type { Runtime } from '../runtime/runtime.js';
import type { ClockTimer } from './clock.js';
import { freeStandingClock } from './real-clock.js';

/**
 * Runs `f` after `ms` on the clock of the running handler's runtime, else of `runtime`, else in real time.
 */
export function startTimer(ms: number, f: () => void, runtime?: Runtime): ClockTimer {
  const owner = current.runtime ?? runtime;
  if (owner) return owner.timer(ms, f);
  return freeStandingClock.timer(freeStandingClock.now() + ms, f);
}
