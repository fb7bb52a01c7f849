/** A handle of the host's timers; Node answers an object, a page a number. */
export type HostTimer = unknown;

interface HostGlobals {
  readonly setTimeout: (f: () => void, ms: number) => HostTimer;
  readonly clearTimeout: (timer: HostTimer) => void;
  readonly setImmediate?: (f: () => void) => unknown;
  readonly performance: { now(): number };
  readonly MessageChannel?: new () => {
    readonly port1: { onmessage: (() => void) | null };
    readonly port2: { postMessage(message: unknown): void };
  };
}

/** What the surrounding host offers, typed here because this package imports neither Node nor the DOM. */
export const host = globalThis as unknown as HostGlobals;

/** Milliseconds on a clock that never goes back. */
export const monotonicMs = (): number => host.performance.now();

/**
 * Runs `f` in a later turn of the host's event loop, after pending I/O and timers had their chance.
 * Node's setImmediate, else a MessageChannel (pages clamp nested timeouts to 4 ms), else a timeout.
 */
export const nextTurn: (f: () => void) => void = makeNextTurn();

function makeNextTurn(): (f: () => void) => void {
  const { setImmediate, MessageChannel } = host;
  if (setImmediate) return (f) => void setImmediate(f);
  if (!MessageChannel) return (f) => void host.setTimeout(f, 0);

  const waiting: (() => void)[] = [];
  const { port1, port2 } = new MessageChannel();
  // eslint-disable-next-line unicorn/prefer-add-event-listener -- assigning also starts the port
  port1.onmessage = () => waiting.shift()?.();
  return (f) => {
    waiting.push(f);
    port2.postMessage(undefined);
  };
}

/** Runs `f` after `ms` if the host is still up then: this alone does not keep it awake. */
export function inBackground(ms: number, f: () => void): void {
  const timer = host.setTimeout(f, ms) as { unref?: () => void };
  timer.unref?.();
}
