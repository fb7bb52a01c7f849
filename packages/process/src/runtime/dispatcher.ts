/** Something that can run now, as a {@link Dispatcher} sees it. */
export interface ReadyItem {
  /** The head of a mailbox, a due timer, something from outside that finished, or an injected fault. */
  readonly kind: 'event' | 'timer' | 'completion' | 'fault';
  /** Id of the process it concerns. */
  readonly process?: string;
  /** The method, function or kind of event. */
  readonly label: string;
  /** The event it was born from; 0 for none. */
  readonly cause: number;
}

/**
 * Chooses what runs next. Production has none and takes the oldest; a simulation explores other orders. Only the head of
 * each mailbox is offered, so the order between one sender and one receiver always holds.
 */
export interface Dispatcher {
  /** @returns an index into `ready`, which is never empty and ordered by age (0 is what production would take) */
  next(ready: readonly ReadyItem[]): number;
}

/** What simulated files, executors and networks offer to the same choice. In production it runs in its turn. */
export interface OfferedItem {
  readonly kind: 'timer' | 'completion' | 'fault';
  readonly label: string;
  readonly process?: string;
  readonly run: () => void;
}
