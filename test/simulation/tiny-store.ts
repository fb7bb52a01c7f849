import type { PID } from '@keelson/process';
import { collect, defer, Future, Process } from '@keelson/process';
import type { CommandCall, Scenario } from '@keelson/simulation';
import { Commands, defineScenario, runOrder, simulate } from '@keelson/simulation';
import fc from 'fast-check';
import { check } from './check.js';

/** Where layers lie. */
class Shelf extends Process<Shelf> {
  /** One is there from earlier, and nobody uses it. */
  readonly layers = new Set(['a']);

  has(layer: string): boolean {
    return this.layers.has(layer);
  }

  put(layer: string): void {
    this.layers.add(layer);
  }

  remove(layer: string): void {
    this.layers.delete(layer);
  }
}

/** When a store of a few lines roots what somebody asks for: at once, or (the planted race) when it has looked. */
type Rooting = 'before the look' | 'after the look';

class TinyStore extends Process<TinyStore> {
  readonly #rooted = new Set<string>();
  readonly #known = new Set(['a']);

  constructor(
    private readonly shelf: PID<Shelf>,
    private readonly rooting: Rooting,
  ) {
    super('tiny-store');
  }

  /** Answers once `layer` is on the shelf; it stays there until it is released. */
  get(layer: string): Future<string> {
    if (this.rooting === 'before the look') this.#rooted.add(layer);
    return this.shelf
      .has(layer)
      .then((there) => (there ? undefined : this.shelf.put(layer)))
      .then(defer(this, this.#keep, layer));
  }

  release(layer: string): void {
    this.#rooted.delete(layer);
  }

  prune(): Future<unknown> {
    const victims = [...this.#known].filter((layer) => !this.#rooted.has(layer));
    for (const layer of victims) this.#known.delete(layer);
    return victims.length === 0 ? Future.ready() : collect(victims.map((layer) => this.shelf.remove(layer)));
  }

  #keep(layer: string): string {
    this.#known.add(layer);
    this.#rooted.add(layer);
    return layer;
  }
}

const layer = fc.constantFrom('a', 'b');

interface Asker {
  readonly store: PID<TinyStore>;
  readonly held: Map<string, Future<string>>;
}

const commands = new Commands<undefined, Asker>({
  get: { argument: layer, run: (_, { store, held }, name: string) => void held.set(name, store.get(name)) },
  release: {
    argument: layer,
    run: (_, { store, held }, name: string) => {
      if (held.get(name)?.isReady() && held.delete(name)) store.release(name);
    },
  },
  prune: { run: (_, { store }) => void store.prune() },
});

function tinyScenario(rooting: Rooting): Scenario<readonly CommandCall[]> {
  return defineScenario({
    name: `tiny store, rooted ${rooting}`,
    module: import.meta.url,
    run(context) {
      const shelf = new Shelf('shelf');
      const runtime = context.runtime();
      const store = runtime.spawn(new TinyStore(runtime.spawn(shelf), rooting));
      const held = new Map<string, Future<string>>();
      commands.offer(context, undefined, { store, held });
      context.settle();
      for (const [name, got] of held) {
        check(got.isReady() && shelf.layers.has(name), () => `${name} is held and gone from the shelf`);
      }
    },
  });
}

export const rightTinyStore = tinyScenario('before the look');
export const racyTinyStore = tinyScenario('after the look');
export const tinyOptions = { input: commands.arbitrary({ maxCommands: 4 }), order: runOrder({ maxChoices: 16 }), failures: false } as const;

/** How many runs of the tiny store a second of processor time makes: the best of a few rounds, as the others measure the machine. */
export function tinyStoreRate(rounds = 5, runs = 20_000): number {
  let best = 0;
  for (let round = 0; round < rounds; round += 1) {
    const before = process.cpuUsage();
    simulate(rightTinyStore, { ...tinyOptions, runs, seed: round });
    const { user, system } = process.cpuUsage(before);
    best = Math.max(best, (runs * 1_000_000) / (user + system));
  }
  return Math.round(best);
}
