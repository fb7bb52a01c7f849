import type { Future } from '@keelson/process';
import type { Operation } from './linearizability.js';

type OpenOperation<Input, Output> = { -readonly [K in keyof Operation<Input, Output>]: Operation<Input, Output>[K] };

/**
 * Notes a concurrent history while it happens, for `expectLinearizable`.
 *
 * @example
 * const history = new History<Command, number>();
 * history.note({ kind: 'increment' }, counter.increment());
 * context.settle();
 * expectLinearizable(history.operations, counterModel);
 */
export class History<Input, Output> {
  readonly #operations: OpenOperation<Input, Output>[] = [];
  #time = 0;

  /**
   * Every operation so far. Those that failed, were discarded or abandoned count as not answered: they may
   * have happened.
   */
  get operations(): readonly Operation<Input, Output>[] {
    return this.#operations;
  }

  /** Notes that `input` is asked now, and its answer when that comes. Answers the future. */
  note(input: Input, answer: Future<Output>): Future<Output> {
    const operation: OpenOperation<Input, Output> = { askedAt: this.#tick(), input };
    this.#operations.push(operation);
    return answer.onReady((output) => {
      operation.answeredAt = this.#tick();
      operation.output = output;
    });
  }

  #tick(): number {
    return (this.#time += 1);
  }
}
