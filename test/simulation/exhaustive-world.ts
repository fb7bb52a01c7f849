import type { Dispatcher, ReadyItem } from '@keelson/process';
import { DecisionVector, explore } from '@keelson/simulation';
import { check } from './check.js';
import { ask } from './command.js';
import { Life } from './life.js';
import { dockerImage, nameOf } from './images.js';
import { containersAreWhole, listedImagesAreWhole, nothingIsLeft } from './oracles.js';

export interface WorldSearch {
  readonly interleavings: number;
  readonly crashes: number;
  /** Whether every order within the bound was run. */
  readonly complete: boolean;
}

/**
 * Two provisions, a destroy, a prune and the sweep it starts, on two images that share a layer: every order of the first
 * `choices` choices of the requests' work, first in, first out after that; and, for every `crashStride`-th of these orders,
 * a crash after a step of its own, with all that was not synced lost.
 */
export function searchWorld(choices: number, maxRuns: number, crashStride: number): WorldSearch {
  let crashes = 0;
  let number = 0;
  const exploration = explore(
    (walker) => {
      const first = new FirstChoices(walker, choices);
      scenario(first, undefined);
      number += 1;
      if (number % crashStride > 0) return;
      // The same order again, cut short: every crash comes at another step than the one before.
      crashes += 1;
      scenario(new DecisionVector(first.made), crashes % 170);
    },
    { maxRuns },
  );
  if (exploration.failure) throw exploration.failure.error;
  return { interleavings: exploration.runs, crashes, complete: exploration.complete };
}

/** Hands over the first choices only. Steps without an alternative are no choices. */
class FirstChoices implements Dispatcher {
  readonly made: number[] = [];

  constructor(
    private readonly inner: Dispatcher,
    private readonly most: number,
  ) {}

  next(ready: readonly ReadyItem[]): number {
    if (ready.length === 1 || this.made.length >= this.most) return 0;
    const index = this.inner.next(ready);
    this.made.push(index);
    return index;
  }
}

function scenario(order: Dispatcher, crashAt: number | undefined): void {
  const life = new Life();
  life.recover();
  life.now(life.world.provisioner.provision('old', dockerImage('web')));
  life.now(life.world.store.pull(nameOf('job')));
  const steps = life.world.dispatcher.steps;
  life.watch.follow(order);
  if (crashAt !== undefined) life.watch.crashAt = steps + crashAt;

  const asked = [
    ask(life, { kind: 'provision', id: 'c1', image: 'web' }),
    ask(life, { kind: 'prune', exclude: [] }),
    ask(life, { kind: 'provision', id: 'c2', image: 'job' }),
    ask(life, { kind: 'destroy', id: 'old' }),
  ];
  if (life.settle()) {
    life.watch.crashAt = Number.POSITIVE_INFINITY;
    for (const answer of asked) check(answer?.isReady() ?? false, () => `exhaustive: ${answer?.toString()}`);
    containersAreWhole(life);
    return;
  }
  const done = ['c1', 'c2'].filter((_, index) => asked[2 * index]?.isReady());
  const next = life.next(['lost', 'lost', 'lost', 'lost', 'lost', 'lost', 'lost', 'lost']);
  next.recover(['c1', 'c2']);
  listedImagesAreWhole(next);
  const there = containersAreWhole(next, (id) => done.includes(id));
  for (const id of done) check(there.includes(id), `exhaustive: ${id} was acknowledged and is gone`);
  nothingIsLeft(next);
}
