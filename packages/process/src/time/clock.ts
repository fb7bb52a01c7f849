/** A timer that was set on a clock. libprocess's `Timer`; the name `Timer` belongs to the metric here. */
export interface ClockTimer {
  /** When it fires, on the clock it was set on. */
  readonly atMs: number;
  /** True only if this very call kept the timer from firing. */
  cancel(): boolean;
}

/**
 * Where time comes from. Real in production, {@link VirtualClock} in tests.
 *
 * Timers fire in the order of their deadlines, those with the same deadline in the order they were set; never
 * early, and never on the stack that set them.
 */
export interface Clock {
  /** Milliseconds, with fractions, since an arbitrary moment. Never goes back while the clock runs. */
  now(): number;
  /** Runs `f` once `now()` has reached `atMs`. */
  timer(atMs: number, f: () => void): ClockTimer;
  /** As `timer.cancel()`; tolerates `undefined`. */
  cancel(timer: ClockTimer | undefined): boolean;
  /** Whether time stands still. `Runtime.settle` wants a paused clock. */
  readonly paused?: boolean;
  /** Runs what is due at this very moment on a paused clock; false if nothing was. Time does not move. */
  runDue?(): boolean;
  /**
   * Tells a clock that is moved by hand whom to let run after every deadline it passes; answers how to stop
   * that.
   */
  attach?(drain: () => void): () => void;
}
