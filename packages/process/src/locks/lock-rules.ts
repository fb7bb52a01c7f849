/** What a holder or waiter of a read-write lock wants. */
export type LockKind = 'read' | 'write';

/** Everything a decision needs to know. At most one of `writing` and `readers > 0` holds. */
export interface LockFacts {
  readonly writing: boolean;
  /** Readers that hold the lock. */
  readonly readers: number;
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

/** A reader goes at once unless somebody writes or waits: readers never overtake a waiting writer. */
export function mayRead({ writing, waiting }: LockFacts): boolean {
  return !writing && waiting === 0;
}

/** A writer goes at once if nobody holds the lock. */
export function mayWrite({ writing, readers }: LockFacts): boolean {
  return !writing && readers === 0;
}

/**
 * How many waiters at the head of the queue go now: one writer if nobody holds the lock, or the whole run of
 * readers if nobody writes. Asked after every release, and after a waiter gave up (a writer who leaves may
 * free the readers behind it).
 */
export function leadingGroup({ writing, readers }: LockFacts, queue: Iterable<LockKind>): number {
  if (writing) return 0;
  let group = 0;
  for (const kind of queue) {
    if (kind === 'write') return group === 0 && readers === 0 ? 1 : group;
    group += 1;
  }
  return group;
}
