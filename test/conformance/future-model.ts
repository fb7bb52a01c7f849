/**
 * libprocess's Future, written down as upstream's nested calls would run: by recursion, with six lists, and slowly.
 *
 * The runtime's futures settle in a loop; laws compare them with this, callback for callback.
 * Mirrors `3rdparty/libprocess/include/process/future.hpp`.
 */
type State = 'Pending' | 'Ready' | 'Failed' | 'Discarded';
type Callback = () => void;

export class ModelFuture {
  state: State = 'Pending';
  value: unknown;
  asked = false;
  gone = false;
  associated = false;
  #lists: Record<Exclude<State, 'Pending'> | 'any', Callback[]> = { Ready: [], Failed: [], Discarded: [], any: [] };
  #discardHooks: Callback[] = [];
  #abandonHooks: Callback[] = [];

  complete(state: Exclude<State, 'Pending'>, value: unknown): boolean {
    if (this.state !== 'Pending') return false;
    this.state = state;
    this.value = value;
    const { [state]: own, any } = this.#lists;
    this.#lists = { Ready: [], Failed: [], Discarded: [], any: [] };
    for (const callback of [...own, ...any]) callback();
    return true;
  }

  discard(): boolean {
    if (this.asked || this.state !== 'Pending') return false;
    this.asked = true;
    for (const hook of this.#discardHooks.splice(0)) hook();
    return true;
  }

  abandon(): void {
    if (this.gone || this.state !== 'Pending') return;
    this.gone = true;
    for (const hook of this.#abandonHooks.splice(0)) hook();
  }

  on(when: Exclude<State, 'Pending'> | 'any', callback: Callback): void {
    if (this.state === 'Pending') this.#lists[when].push(callback);
    else if (when === 'any' || when === this.state) callback();
  }

  onDiscard(hook: Callback): void {
    if (this.asked) hook();
    else if (this.state === 'Pending') this.#discardHooks.push(hook);
  }

  /** Unlike upstream, only while pending: what was completed after all abandons nobody who derives from it then. */
  onAbandoned(hook: Callback): void {
    if (this.state !== 'Pending') return;
    if (this.gone) hook();
    else this.#abandonHooks.push(hook);
  }

  /** Promise::associate. */
  follow(other: ModelFuture): boolean {
    if (this.state !== 'Pending' || this.associated) return false;
    this.associated = true;
    this.onDiscard(() => other.discard());
    other.on('Ready', () => this.complete('Ready', other.value));
    other.on('Failed', () => this.complete('Failed', other.value));
    other.on('Discarded', () => this.complete('Discarded', undefined));
    other.onAbandoned(() => this.abandon());
    return true;
  }

  then(f: (value: unknown) => unknown): ModelFuture {
    const derived = this.#derive((it) => {
      if (this.state !== 'Ready') it.complete(this.state as 'Failed', this.value);
      else if (this.asked) it.complete('Discarded', undefined);
      else it.#answer(() => f(this.value));
    });
    this.onAbandoned(() => derived.abandon());
    return derived;
  }

  repair(f: () => unknown): ModelFuture {
    const derived = this.#derive((it) => {
      if (this.state === 'Failed') it.#answer(f);
      else it.complete(this.state as 'Ready', this.value);
    });
    this.onAbandoned(() => derived.abandon());
    return derived;
  }

  /** Unlike upstream, once: a source that was abandoned and ends badly later is not recovered twice. */
  recover(f: () => unknown): ModelFuture {
    let over = false;
    const recovery = (it: ModelFuture): void => {
      if (over) return;
      over = true;
      it.asked = false;
      it.#answer(f);
    };
    const derived = this.#derive((it) => {
      if (this.state !== 'Ready') return recovery(it);
      if (!over) it.complete('Ready', this.value);
      over = true;
      return undefined;
    });
    this.onAbandoned(() => recovery(derived));
    return derived;
  }

  undiscardable(): ModelFuture {
    const derived = new ModelFuture();
    this.on('any', () => derived.complete(this.state as 'Ready', this.value));
    this.onAbandoned(() => derived.abandon());
    return derived;
  }

  toString(): string {
    const word = this.state === 'Pending' && this.gone ? 'Abandoned' : this.state;
    return `${word}${this.asked ? ' (with discard)' : ''}${this.state === 'Failed' ? `: ${String(this.value)}` : ''}`;
  }

  #derive(react: (derived: ModelFuture) => void): ModelFuture {
    const derived = new ModelFuture();
    derived.onDiscard(() => this.discard());
    this.on('any', () => react(derived));
    return derived;
  }

  #answer(f: () => unknown): void {
    let answer: unknown;
    try {
      answer = f();
    } catch (error) {
      this.complete('Failed', (error as Error).message);
      return;
    }
    if (answer instanceof ModelFuture) this.follow(answer);
    else this.complete('Ready', answer);
  }
}
