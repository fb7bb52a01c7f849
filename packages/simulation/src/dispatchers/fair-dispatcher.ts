import type { Dispatcher, ReadyItem } from '@keelson/process';

/**
 * Any strategy, made fair: an item that was passed over `patience` times runs next, whatever the strategy
 * says. With it a program that polls (a message that sends itself again) still comes to rest, and a bounded
 * search of it can end.
 *
 * Items are told apart by identity, as a runtime hands them out: one object from when it becomes ready until
 * it runs.
 */
export class FairDispatcher implements Dispatcher {
  #passedOver = new Map<ReadyItem, number>();

  /** @param patience  how often an item may be passed over; default 100 */
  constructor(
    private readonly inner: Dispatcher,
    private readonly patience: number = 100,
  ) {}

  next(ready: readonly ReadyItem[]): number {
    const wanted = this.inner.next(ready);
    const overdue = ready.findIndex((item) => (this.#passedOver.get(item) ?? 0) >= this.patience);
    const chosen = overdue === -1 ? wanted : overdue;
    // Built anew, so that what is not ready any more is forgotten.
    const passedOver = new Map<ReadyItem, number>();
    ready.forEach((item, index) => {
      if (index !== chosen) passedOver.set(item, (this.#passedOver.get(item) ?? 0) + 1);
    });
    this.#passedOver = passedOver;
    return chosen;
  }
}
