import type { Observer, TraceRecord } from '@keelson/process';

/** Requests that were never answered, at a moment when nothing can run any more. */
export class UnansweredError extends Error {
  override readonly name = 'UnansweredError';

  /** @param requests  each with the event it was sent in  @param locks  who holds and who waits, where that is known */
  constructor(
    readonly requests: readonly string[],
    readonly locks: readonly string[] = [],
  ) {
    const held = locks.map((line) => `\n  ${line}`).join('');
    super(`nothing can run any more, and these requests were never answered: ${requests.join('; ')}${held}`);
  }
}

interface Request {
  readonly name: string;
  readonly cause: number;
}

/**
 * Follows every request of a runtime through its trace: which of those whose handler answered with a pending
 * future still wait for it. A request that was discarded or abandoned has its answer.
 */
export class RequestLedger implements Observer {
  readonly #pending = new Map<number, Request>();
  /** Names of all events, to tell in which one a request was sent. */
  readonly #names = new Map<number, string>();

  record(trace: TraceRecord): void {
    if (trace.kind === 'begun') this.#names.set(trace.id, `${trace.process}.${trace.label} #${trace.id}`);
    else if (trace.kind === 'turn') this.#names.set(trace.id, trace.label);
    else if (trace.kind === 'ended' && trace.outcome === 'pending') {
      this.#pending.set(trace.id, { name: `${trace.process}.${trace.label}`, cause: trace.cause });
    } else if (trace.kind === 'settled') this.#pending.delete(trace.id);
  }

  /** What waits for an answer, oldest first, for example `store.get #7, sent in customer.buy #4`. */
  describe(): string[] {
    return [...this.#pending].map(([id, { name, cause }]) => {
      return `${name} #${id}, sent ${cause === 0 ? 'from outside' : `in ${this.#names.get(cause) ?? `#${cause}`}`}`;
    });
  }

  /**
   * @param mayWait  names of requests that wait as long as they like, for example `/\.wait$/`
   * @throws UnansweredError    some were never answered; call it when nothing can run any more
   */
  expectAllAnswered(mayWait?: RegExp, locks: readonly string[] = []): void {
    for (const [id, { name }] of this.#pending) if (mayWait?.test(name)) this.#pending.delete(id);
    const waiting = this.describe();
    if (waiting.length > 0) throw new UnansweredError(waiting, locks);
  }
}
