import { PausableClock } from './pausable-clock.js';

/**
 * A clock for tests: starts at 0 and paused, and moves only by `advance(ms)`.
 *
 * @example
 * const clock = new VirtualClock();
 * const runtime = new Runtime({ clock });
 * const done = after(1_000, { runtime });
 * clock.advance(1_000);
 * done.isReady(); // true
 */
export class VirtualClock extends PausableClock {
  constructor() {
    super(0);
  }
}
