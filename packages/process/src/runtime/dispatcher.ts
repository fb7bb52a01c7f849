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
 * Chooses what runs next. Production has none and takes the oldest; a simulation explores other orders. Only
 * the head of each mailbox is offered, so the order between one sender and one receiver always holds.
 */
export interface Dispatcher {
  /**
   * @param ready    never empty, the oldest first. Valid during this call only: copy what is to be kept
   * @returns        an index into `ready`; 0 is first in, first out
   * @throws         whatever it throws halts the runtime for good: `settle` and `step` throw the same, and
   *     nothing runs any more. A simulation cuts the power so
   */
  next(ready: readonly ReadyItem[]): number;
}

/**
 * What simulated files, executors and networks offer to the same choice. In production it runs in its turn.
 */
export interface OfferedItem {
  readonly kind: 'timer' | 'completion' | 'fault';
  readonly label: string;
  readonly process?: string;
  readonly run: () => void;
}
