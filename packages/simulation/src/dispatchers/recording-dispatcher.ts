import type { Dispatcher, ReadyItem } from '@keelson/process';

/** One choice a run made: which of how many, and what the chosen item was called. */
export interface Choice {
  readonly index: number;
  readonly among: number;
  readonly label: string;
}

/** Wraps a dispatcher and keeps what it chose, so that the run can be replayed and shown. */
export class RecordingDispatcher implements Dispatcher {
  readonly #choices: Choice[] = [];

  constructor(private readonly inner: Dispatcher) {}

  next(ready: readonly ReadyItem[]): number {
    const index = ready.length === 1 ? 0 : this.inner.next(ready);
    if (ready.length > 1) this.#choices.push({ index, among: ready.length, label: (ready[index] as ReadyItem).label });
    return index;
  }

  /** The choices so far; steps without an alternative are not among them. */
  get choices(): readonly Choice[] {
    return this.#choices;
  }

  /** The choices as a decision vector for {@link DecisionVector}, without its trailing FIFO choices. */
  vector(): number[] {
    const vector = this.#choices.map((choice) => choice.index);
    while (vector.at(-1) === 0) vector.pop();
    return vector;
  }
}
