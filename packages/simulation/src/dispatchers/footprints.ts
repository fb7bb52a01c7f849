import type { Dispatcher, Observer, ReadyItem, TraceRecord } from '@keelson/process';
import { labelOf } from '../simulate/guided-dispatcher.js';
import { meet } from './machine-footprint.js';

/**
 * What a turn that is no handler (a completion, a timer) touches besides the mailboxes and locks its trace
 * shows: names of whatever you like, `undefined` for "everything". A name that begins with `/` is a path, and meets
 * all that lies within it.
 */
export type TurnFootprint = (item: ReadyItem) => readonly string[] | undefined;

/**
 * Learns what every kind of step touches: its own process, the mailboxes it puts something into, the locks it
 * moves. Two steps that touch nothing in common do the same in either order.
 *
 * That is **sound only** where handlers share nothing else: a plain object, a file or a clock that two
 * processes use behind the runtime's back is not seen. What completions of simulated files and networks touch
 * is not seen either, so by default they depend on everything; {@link machineFootprint} tells by their paths.
 * Attach it as an observer and let it see every choice.
 */
export class Footprints implements Observer, Dispatcher {
  readonly #touched = new Map<string, Set<string>>();
  #current: Set<string> | undefined;
  #growth = 0;
  #strategy: Dispatcher;

  constructor(
    private readonly ofTurn: TurnFootprint = () => undefined,
    strategy: Dispatcher = { next: () => 0 },
  ) {
    this.#strategy = strategy;
  }

  /** How much was learned so far: a search that began with less must begin again. */
  get growth(): number {
    return this.#growth;
  }

  /** Follows the choices of `strategy` from now on, in a run that begins. */
  follow(strategy: Dispatcher): Dispatcher {
    this.#strategy = strategy;
    this.#current = undefined;
    return this;
  }

  next(ready: readonly ReadyItem[]): number {
    const index = this.#strategy.next(ready);
    this.#current = this.#setOf(ready[index] as ReadyItem);
    return index;
  }

  record(trace: TraceRecord): void {
    if (trace.kind === 'queued' || trace.kind === 'dropped' || trace.kind === 'spawned') this.#touch(trace.process);
    else if (trace.kind === 'machine') this.#touch(`lock ${trace.process}`);
    else if (trace.kind === 'exited') this.#touch(everything);
    // What the scenario itself does between two drains is no part of the step before.
    else if (trace.kind === 'ended') this.#current = undefined;
  }

  /** Whether the two touch nothing in common, as far as was learned. For `explore`. */
  readonly independent = (one: ReadyItem, other: ReadyItem): boolean => {
    const [mine, theirs] = [this.#setOf(one), this.#setOf(other)];
    if (mine.has(everything) || theirs.has(everything)) return false;
    for (const name of mine) for (const other of theirs) if (meet(name, other)) return false;
    return true;
  };

  #setOf(item: ReadyItem): Set<string> {
    const key = `${item.kind} ${labelOf(item)}`;
    const known = this.#touched.get(key);
    if (known !== undefined) return known;
    const fresh = new Set<string>(item.kind === 'event' ? [] : (this.ofTurn(item) ?? [everything]));
    if (item.process !== undefined) fresh.add(item.process);
    this.#touched.set(key, fresh);
    return fresh;
  }

  #touch(name: string): void {
    if (this.#current === undefined || this.#current.has(name)) return;
    this.#current.add(name);
    this.#growth += 1;
  }
}

const everything = '*';

/**
 * Two ready items are independent if they are handlers of different processes that cannot reach a common one.
 *
 * **Sound only** if `reaches` is right: it answers the ids of all processes into whose mailboxes a handler of
 * `process` may put something, answers of requests that others wait for included (they land in the asker's
 * mailbox), and handlers share nothing but messages. Timers, completions and faults depend on everything.
 * `exploreScenario` learns the same by watching, which is safer.
 */
export function independentByProcess(
  reaches: (process: string) => readonly string[],
): (one: ReadyItem, other: ReadyItem) => boolean {
  return (one, other) => {
    if (one.kind !== 'event' || other.kind !== 'event') return false;
    if (one.process === undefined || other.process === undefined) return false;
    const mine = new Set([one.process, ...reaches(one.process)]);
    return ![other.process, ...reaches(other.process)].some((process) => mine.has(process));
  };
}
