/** What a holder or waiter of a read-write lock wants. */
export type LockKind = 'read' | 'write';

/** Who holds a lock. At most one of `writing` and `readers > 0` holds. */
export interface LockHolders {
  readonly writing: boolean;
  /** Readers that hold the lock. */
  readonly readers: number;
}

/** Everything a decision needs to know. */
export interface LockFacts extends LockHolders {
  /** Waiters queued. */
  readonly waiting: number;
}

/** The states of the machine, as facts tell them apart. */
export type LockStateName = 'unlocked' | 'reading' | 'writing' | 'draining';

/** `draining`: readers hold it and a writer waits at the head, so new readers queue up behind that. */
export function stateOf({ writing, readers, waiting }: LockFacts): LockStateName {
  if (writing) return 'writing';
  if (readers === 0) return 'unlocked';
  return waiting === 0 ? 'reading' : 'draining';
}

/**
 * Whether the holders leave room for one more: readers share with readers, a writer wants to be alone. Asked
 * for the head of the queue, again and again, after every release and after a waiter gave up (a writer who
 * leaves may free the readers behind it): so the leading run of readers gets in, or one writer.
 */
export function admits({ writing, readers }: LockHolders, kind: LockKind): boolean {
  return !writing && (kind === 'read' || readers === 0);
}

/** Whether somebody who comes now gets in at once: nobody overtakes those who wait. */
export function admitsNewcomer(facts: LockFacts, kind: LockKind): boolean {
  return facts.waiting === 0 && admits(facts, kind);
}

/** The holders once one more is in. */
export function withHolder<H extends LockHolders>(holders: H, kind: LockKind): H {
  return kind === 'write' ? { ...holders, writing: true } : { ...holders, readers: holders.readers + 1 };
}
