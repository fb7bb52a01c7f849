/** One event on the way to a failure. */
export interface TracedEvent {
  readonly id: number;
  /** The event in whose handling this one was sent; 0 for none. */
  readonly cause: number;
  /** Id of the process that served it. */
  readonly process: string;
  /** The method, function or kind of event. */
  readonly label: string;
}

/**
 * The asynchronous stack of a failure: which events led to it, the latest first. It ends the `cause` chain of
 * an error that a handler threw or answered, and is made only then.
 */
export class EventTrace extends Error {
  override readonly name = 'EventTrace';

  /** @param truncated  whether older causes are no longer remembered */
  constructor(
    readonly events: readonly TracedEvent[],
    readonly truncated: boolean,
  ) {
    const lines = events.map(({ id, process, label }) => `${process}.${label} #${id}`);
    super([...lines, ...(truncated ? ['…'] : [])].join(' <- '));
    // Where in the runtime this object was made helps nobody.
    this.stack = [`EventTrace: sent in`, ...lines.map((line) => `    in ${line}`)].join('\n');
  }
}

const LONGEST_CHAIN = 16;

/** The trace at the end of an error's chain of causes. */
export function eventTraceOf(error: unknown): EventTrace | undefined {
  let at: unknown = error;
  for (let depth = 0; depth < LONGEST_CHAIN && at instanceof Error; depth += 1) {
    if (at instanceof EventTrace) return at;
    at = at.cause;
  }
  return undefined;
}

/** Ends the chain of causes of `error` with `trace`, unless it has one or a link of it cannot be changed. */
export function explain(error: Error, trace: EventTrace | undefined): void {
  if (trace === undefined || eventTraceOf(error)) return;
  let last: Error = error;
  for (let depth = 0; depth < LONGEST_CHAIN; depth += 1) {
    if (last.cause === undefined || last.cause === null) break;
    if (!(last.cause instanceof Error)) return;
    last = last.cause;
  }
  if (last.cause !== undefined && last.cause !== null) return;
  if (!Object.isExtensible(last)) return;
  Reflect.defineProperty(last, 'cause', { value: trace, configurable: true, writable: true, enumerable: false });
}
