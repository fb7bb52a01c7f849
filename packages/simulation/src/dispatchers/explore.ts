import type { Dispatcher, ReadyItem } from '@keelson/process';

/** Thrown inside a run that need not go on; a scenario lets it pass. */
export class RunCut extends Error {
  override readonly name = 'RunCut';
}

export interface ExploreOptions {
  /** Stop after so many runs; default 1,000,000. */
  readonly maxRuns?: number;
  /** Cut a run after so many choices, so that an endless one ends; default 10,000. */
  readonly maxChoices?: number;
  /**
   * Whether two ready items do the same whichever runs first. Given, interleavings that differ only in the
   * order of such items are run once (sleep sets, Godefroid 1996). Default: nothing is independent.
   */
  readonly independent?: (one: ReadyItem, other: ReadyItem) => boolean;
}

export interface Exploration {
  readonly runs: number;
  /** Runs given up since another one covers them. */
  readonly pruned: number;
  /** Runs stopped by `maxChoices`. */
  readonly cut: number;
  /** Whether every interleaving within the bounds was run. */
  readonly complete: boolean;
  readonly failure?: { readonly vector: readonly number[]; readonly error: Error };
}

interface Node {
  /** What was ready, as the run saw it. */
  readonly ready: readonly ReadyItem[];
  /** Items that need not be tried here: an earlier sibling covers every run that begins with them. */
  readonly asleep: ReadonlyMap<string, ReadyItem>;
  /** Indices tried or asleep so far; the last tried one is `current`. */
  readonly done: Set<number>;
  current: number;
}

/**
 * Runs `scenario` under every order of its ready items, depth first, until one throws or all are done.
 *
 * @param scenario  builds everything anew, runs it under the dispatcher, and throws where an invariant is
 * broken. It
 *                  must be deterministic but for the dispatcher.
 */
export function explore(scenario: (dispatcher: Dispatcher) => void, options: ExploreOptions = {}): Exploration {
  const maxRuns = options.maxRuns ?? 1_000_000;
  const path: Node[] = [];
  let runs = 0;
  let pruned = 0;
  let cut = 0;
  do {
    if (runs === maxRuns) return { runs, pruned, cut, complete: false };
    const walker = new Walker(path, options);
    try {
      scenario(walker);
    } catch (error) {
      if (!(error instanceof RunCut)) {
        // Steps without an alternative are no choices, and a decision vector has none for them.
        const vector = path.filter(({ ready }) => ready.length > 1).map(({ current }) => current);
        const failure = { vector, error: error as Error };
        return { runs: runs + 1, pruned, cut, complete: false, failure };
      }
    }
    runs += 1;
    if (walker.ended === 'pruned') pruned += 1;
    if (walker.ended === 'cut') cut += 1;
  } while (backtrack(path));
  return { runs, pruned, cut, complete: cut === 0 };
}

/** Follows the path so far, then takes the first item that is not asleep. */
class Walker implements Dispatcher {
  #depth = 0;
  ended: 'whole' | 'pruned' | 'cut' = 'whole';

  constructor(
    private readonly path: Node[],
    private readonly options: ExploreOptions,
  ) {}

  next(ready: readonly ReadyItem[]): number {
    if (this.ended !== 'whole') throw new RunCut(this.ended);
    if (this.#depth === (this.options.maxChoices ?? 10_000)) return this.#end('cut');
    const node = this.path[this.#depth] ?? this.#grow(ready);
    if (node.ready.length !== ready.length) {
      throw new Error('the scenario is not deterministic: other items were ready');
    }
    if (node.current < 0) return this.#end('pruned');
    this.#depth += 1;
    return node.current;
  }

  #end(how: 'pruned' | 'cut'): never {
    this.ended = how;
    throw new RunCut(how);
  }

  #grow(ready: readonly ReadyItem[]): Node {
    const asleep = this.#inherited();
    const done = new Set<number>();
    const keys = keysOf(ready);
    keys.forEach((key, index) => {
      if (asleep.has(key)) done.add(index);
    });
    const current = ready.findIndex((_, index) => !done.has(index));
    if (current >= 0) done.add(current);
    const node: Node = { ready: [...ready], asleep, done, current };
    this.path.push(node);
    return node;
  }

  /** What slept at the step before, or was tried there first, and does not touch what ran there. */
  #inherited(): Map<string, ReadyItem> {
    const before = this.path[this.#depth - 1];
    const { independent } = this.options;
    if (before === undefined || independent === undefined) return new Map();
    const ran = before.ready[before.current] as ReadyItem;
    const candidates = new Map(before.asleep);
    const keys = keysOf(before.ready);
    for (const index of before.done) {
      if (index !== before.current) candidates.set(keys[index] as string, before.ready[index] as ReadyItem);
    }
    return new Map([...candidates].filter(([, item]) => independent(item, ran)));
  }
}

/** Moves on to the next untried item of the deepest node that has one; false when none has. */
function backtrack(path: Node[]): boolean {
  for (let node = path.at(-1); node !== undefined; node = path.at(-1)) {
    const untried = node.ready.findIndex((_, index) => !node.done.has(index));
    if (untried >= 0) {
      node.done.add(untried);
      node.current = untried;
      return true;
    }
    path.pop();
  }
  return false;
}

/**
 * Names of ready items that hold from one step to the next. Twins, as two equal requests, are numbered by
 * age.
 */
function keysOf(ready: readonly ReadyItem[]): string[] {
  const counts = new Map<string, number>();
  return ready.map(({ kind, process = '', label, cause }) => {
    const key = `${kind} ${process} ${label} ${cause}`;
    const count = (counts.get(key) ?? 0) + 1;
    counts.set(key, count);
    return count === 1 ? key : `${key} ${count}`;
  });
}
