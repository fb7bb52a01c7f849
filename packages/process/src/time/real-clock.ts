import { PausableClock } from './pausable-clock.js';

/** The host's monotonic time. What a runtime uses unless it is given another clock. */
export class RealClock extends PausableClock {}

/**
 * The clock of free-standing code: what waits without a runtime waits in real time. It cannot be paused by
 * anybody.
 */
export const freeStandingClock = new RealClock();
