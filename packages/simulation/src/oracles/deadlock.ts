import type { LockLedger } from './lock-ledger.js';
import type { RequestLedger } from './request-ledger.js';

/** Nothing can run any more, and somebody still waits. */
export class DeadlockError extends Error {
  override readonly name = 'DeadlockError';

  /**
   * @param waiting  what never settled  @param locks  who holds and who waits, line by line, and which
   * requests have no answer, where that is known
   */
  constructor(
    readonly waiting: readonly string[],
    readonly locks: readonly string[] = [],
  ) {
    const held = locks.length === 0 ? '' : `\n${locks.map((line) => `  ${line}`).join('\n')}`;
    super(`nothing can run any more, and these never settled: ${waiting.join(', ')}${held}`);
  }
}

/** Anything that tells whether it is still undecided; a {@link Future} does. */
export interface Pending {
  isPending(): boolean;
  /** Set when nobody can settle it any more. */
  isAbandoned?(): boolean;
}

/** Futures that must be settled once all is quiet. An abandoned one counts as settled: its asker was told. */
export class WatchList {
  readonly #watched: { readonly label: string; readonly future: Pending }[] = [];

  add(label: string, future: Pending): void {
    this.#watched.push({ label, future });
  }

  /** Labels of those that still wait. */
  get waiting(): readonly string[] {
    return this.#watched.filter(({ future }) => isWaiting(future)).map(({ label }) => label);
  }

  /** @throws DeadlockError    some never settled; call it when nothing can run any more */
  expectSettled(locks?: LockLedger, requests?: RequestLedger): void {
    const { waiting } = this;
    if (waiting.length === 0) return;
    const unanswered = requests?.describe().map((line) => `no answer yet: ${line}`) ?? [];
    throw new DeadlockError(waiting, [...(locks?.describe() ?? []), ...unanswered]);
  }
}

function isWaiting(future: Pending): boolean {
  return future.isPending() && future.isAbandoned?.() !== true;
}
