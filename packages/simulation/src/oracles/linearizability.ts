/** One operation of a concurrent history: when it was asked, when it was answered, and what with. */
export interface Operation<Input, Output> {
  /** Any clock that only goes forward will do; steps of the simulation for example. */
  readonly askedAt: number;
  /**
   * Left out for one that was never answered: it may have happened at any time after it was asked, or not at
   * all.
   */
  readonly answeredAt?: number;
  readonly input: Input;
  /** Meaningless without `answeredAt`. */
  readonly output?: Output;
}

/**
 * What the object would do if it were asked one thing at a time. States are values: `apply` answers a new
 * one.
 */
export interface SequentialModel<State, Input, Output> {
  readonly initial: State;
  readonly apply: (state: State, input: Input) => { readonly state: State; readonly output: Output };
  /** Default `Object.is` on the JSON of both. */
  readonly sameOutput?: (expected: Output, found: Output) => boolean;
  /** Tells states apart, for the search to remember where it has been; default JSON. */
  readonly keyOf?: (state: State) => string;
}

export type Linearization<Input, Output> =
  /** `order` explains every answer. */
  | { readonly ok: true; readonly order: readonly Operation<Input, Output>[] }
  /** `longest` is the most operations, in order, that could be explained. */
  | { readonly ok: false; readonly longest: readonly Operation<Input, Output>[] };

/** No order of the operations, one at a time, explains the answers that were given. */
export class LinearizabilityError extends Error {
  override readonly name = 'LinearizabilityError';
}

/**
 * Looks for an order of the operations, one at a time, that respects who was answered before whom was asked
 * and in which the model gives every answer that was given (Herlihy and Wing 1990). The search is Wing and
 * Gong's with Lowe's memory of (operations done, state) pairs; it is exponential in the operations under way
 * at once, and short in length.
 */
export function linearize<State, Input, Output>(
  history: readonly Operation<Input, Output>[],
  model: SequentialModel<State, Input, Output>,
): Linearization<Input, Output> {
  return new Search(history, model).run();
}

/** @throws LinearizabilityError    there is no such order; the message tells how far one gets */
export function expectLinearizable<State, Input, Output>(
  history: readonly Operation<Input, Output>[],
  model: SequentialModel<State, Input, Output>,
): void {
  const found = linearize(history, model);
  if (found.ok) return;
  const explained = new Set(found.longest);
  const list = (operations: typeof history) => operations.map((each) => `\n  ${lineOf(each)}`).join('');
  const rest = history.filter((operation) => !explained.has(operation));
  const beginning = list(found.longest) || ' nothing';
  throw new LinearizabilityError(
    `no order one at a time explains these answers; it can begin with${beginning}\nand then none of${list(rest)}`,
  );
}

/** One step of the search: an operation that was let happen, and the state before it. */
interface Done<State> {
  readonly index: number;
  readonly stateBefore: State;
}

class Search<State, Input, Output> {
  readonly #seen = new Set<string>();
  readonly #path: Done<State>[] = [];
  readonly #isDone: boolean[];
  #longest: readonly Operation<Input, Output>[] = [];
  #answeredLeft: number;
  #state: State;

  constructor(
    private readonly history: readonly Operation<Input, Output>[],
    private readonly model: SequentialModel<State, Input, Output>,
  ) {
    this.#isDone = history.map(() => false);
    this.#answeredLeft = history.filter((operation) => operation.answeredAt !== undefined).length;
    this.#state = model.initial;
  }

  /** Depth first without recursion, as histories may be long. */
  run(): Linearization<Input, Output> {
    let from = 0;
    for (;;) {
      if (this.#answeredLeft === 0) return { ok: true, order: this.#order() };
      const next = this.#advance(from);
      if (next) {
        from = 0;
        continue;
      }
      const undone = this.#path.pop();
      if (undone === undefined) return { ok: false, longest: this.#longest };
      this.#undo(undone);
      from = undone.index + 1;
    }
  }

  /**
   * Lets the first operation from `from` on happen that may, explains its answer, and leads somewhere new.
   */
  #advance(from: number): boolean {
    const deadline = this.#deadline();
    for (let index = from; index < this.history.length; index += 1) {
      const operation = this.history[index]!;
      // Whoever was asked after another was answered comes after it.
      if (this.#isDone[index] || operation.askedAt > deadline) continue;
      const { state, output } = this.model.apply(this.#state, operation.input);
      if (operation.answeredAt !== undefined && !this.#same(output, operation.output as Output)) continue;
      this.#isDone[index] = true;
      const key = this.#keyOf(state);
      if (this.#seen.has(key)) {
        this.#isDone[index] = false;
        continue;
      }
      this.#seen.add(key);
      this.#path.push({ index, stateBefore: this.#state });
      this.#state = state;
      if (operation.answeredAt !== undefined) this.#answeredLeft -= 1;
      if (this.#path.length > this.#longest.length) this.#longest = this.#order();
      return true;
    }
    return false;
  }

  #undo({ index, stateBefore }: Done<State>): void {
    this.#isDone[index] = false;
    this.#state = stateBefore;
    if (this.history[index]!.answeredAt !== undefined) this.#answeredLeft += 1;
  }

  /** The first answer among those that have not happened yet. */
  #deadline(): number {
    let deadline = Infinity;
    for (const [index, { answeredAt = Infinity }] of this.history.entries()) {
      if (!this.#isDone[index] && answeredAt < deadline) deadline = answeredAt;
    }
    return deadline;
  }

  #order(): readonly Operation<Input, Output>[] {
    return this.#path.map(({ index }) => this.history[index]!);
  }

  #same(expected: Output, found: Output): boolean {
    const { sameOutput = (one, other) => JSON.stringify(one) === JSON.stringify(other) } = this.model;
    return sameOutput(expected, found);
  }

  #keyOf(state: State): string {
    const { keyOf = (value: State) => JSON.stringify(value) } = this.model;
    let done = '';
    for (const isDone of this.#isDone) done += isDone ? '1' : '0';
    return `${done} ${keyOf(state)}`;
  }
}

function lineOf({ askedAt, answeredAt, input, output }: Operation<unknown, unknown>): string {
  const answer = answeredAt === undefined ? 'never answered' : `answered ${JSON.stringify(output)} at ${answeredAt}`;
  return `${JSON.stringify(input)} asked at ${askedAt}, ${answer}`;
}
