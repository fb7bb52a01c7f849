import type { ImageGcConfig } from '@keelson/agent';
import type { Future } from '@keelson/process';
import type { CrashFate } from '@keelson/simulation';
import { crashPoint } from '@keelson/simulation';
import { lastUseOf } from '@keelson/store';
import fc from 'fast-check';
import { AgentLife } from '../agent-world.js';
import { check, checkEqual } from '../check.js';
import type { Name } from '../collecting-life.js';
import { collectedRegistry, Collecting, names, referenceOf, TickingMachine } from '../collecting-life.js';
import { namesAt } from '../disk-view.js';
import type { LifeOptions } from '../life.js';
import { anyOrder, dispatcherOf } from '../order.js';
import { property } from '../property.js';

/** Collections of images by a whole agent: who may go, who goes first, and how many. */

type Command =
  | { readonly kind: 'provision' | 'destroy'; readonly id: string; readonly name: Name }
  | { readonly kind: 'pull' | 'pin'; readonly name: Name }
  | { readonly kind: 'collect'; readonly othersBytes: number };

const name = (): fc.Arbitrary<Name> => fc.constantFrom(...names);
/** Near the marks, so that some images and not all have to go; now and then a full disk. */
const others = (): fc.Arbitrary<number> =>
  fc.oneof({ weight: 4, arbitrary: fc.integer({ min: 84, max: 101 }) }, fc.nat(200)).map((pages) => pages * 4_096);

function commands(): fc.Arbitrary<Command[]> {
  const id = fc.constantFrom('c1', 'c2');
  const any: fc.Arbitrary<Command> = fc.oneof(
    { weight: 4, arbitrary: fc.record({ kind: fc.constantFrom('provision', 'destroy'), id, name: name() }) },
    { weight: 3, arbitrary: fc.record({ kind: fc.constantFrom('pull', 'pull', 'pin'), name: name() }) },
    { weight: 3, arbitrary: fc.record({ kind: fc.constant('collect'), othersBytes: others() }) },
  );
  return fc.array(any, { minLength: 1, maxLength: 8, size: 'max' });
}

function ask(world: Collecting, command: Command): Future<unknown> {
  const { life } = world;
  switch (command.kind) {
    case 'provision':
      return world.provision(command.id, command.name);
    case 'destroy':
      life.layers.destroying(command.id);
      return life.containerizer.destroy(command.id);
    case 'pull':
      return world.pull(command.name);
    case 'pin':
      return life.world.metadata.pin(referenceOf(command.name));
    case 'collect':
      world.othersBytes = command.othersBytes;
      return world.collector.collect();
  }
}

interface Asked {
  readonly command: Command;
  readonly answer: Future<unknown>;
}

function offer(world: Collecting, wanted: readonly Command[]): Asked[] {
  const asked: Asked[] = [];
  for (const command of wanted) {
    const run = (): void => void asked.push({ command, answer: ask(world, command) });
    world.life.world.runtime.offer({ kind: 'completion', label: `ask ${command.kind}`, run });
  }
  return asked;
}

const policy = { highWatermark: 0.5, lowWatermark: 0.5, minAgeMs: 8_000 };

function begin(options: LifeOptions = {}, config: ImageGcConfig = policy): Collecting {
  const life = new AgentLife({ registry: collectedRegistry(), host: new TickingMachine(), ...options });
  return new Collecting(life, config);
}

/** Images that were pinned, as far as that was answered. */
function pinned(asked: readonly Asked[]): string[] {
  return asked.flatMap(({ command, answer }) =>
    command.kind === 'pin' && answer.isReady() ? [referenceOf(command.name)] : [],
  );
}

export const collectsNothingNeeded = property({
  name: 'P10 a collection beside launches, pulls and destroys takes no image that is pinned, in use, being provisioned or young',
  inputs: () => fc.tuple(commands(), commands(), anyOrder(), fc.constantFrom(0, 8_000)),
  run: ([before, wanted, order, minAgeMs]) => {
    const world = begin({}, { ...policy, minAgeMs });
    const { life } = world;
    life.start();
    for (const each of names) life.now(world.pull(each));
    for (const command of before) {
      ask(world, command);
      life.settle();
    }
    life.watch.follow(dispatcherOf(order));
    const asked = offer(world, wanted);
    life.settle();
    const waiting = asked.filter(({ answer }) => answer.isPending());
    checkEqual(waiting.map(({ command }) => command.kind), [], 'P5: these wait for ever');
    world.standingIsWhole();
    for (const reference of pinned(asked)) check(world.listed.includes(reference), () => `P10: ${reference} was pinned`);
    checkEqual(namesAt(life.world.disk, life.world.storePaths.gc), [], 'P4: left in gc though all is quiet');
  },
});

export const collectsAsMuchAsNeeded = property({
  name: 'P10 a collection takes the least recently used first, enough if that can be had, and never one more than needed',
  inputs: () =>
    fc.record({
      pulls: fc.shuffledSubarray([...names], { minLength: 1 }),
      uses: fc.array(name(), { maxLength: 4 }),
      pins: fc.subarray([...names], { maxLength: 2 }),
      kept: fc.option(name(), { nil: undefined }),
      othersBytes: others(),
      order: anyOrder(),
    }),
  run: ({ pulls, uses, pins, kept, othersBytes, order }) => {
    const world = begin({}, { ...policy, minAgeMs: 0 });
    const { life } = world;
    life.start();
    for (const each of pulls) life.now(world.pull(each));
    for (const each of uses) if (pulls.includes(each)) life.world.metadata.touch(referenceOf(each), new Date(life.host.wallClockMs()).toISOString());
    for (const each of pins) if (pulls.includes(each)) life.now(life.world.metadata.pin(referenceOf(each)));
    if (kept !== undefined) life.now(world.provision('c1', kept));
    const before = life.now(life.world.metadata.images()).images;
    const sizes = new Map(life.now(life.world.store.layers()).map(({ id, allocatedBytes }) => [id, allocatedBytes]));
    world.othersBytes = othersBytes;
    const { usedBytes, totalBytes } = world;

    life.watch.follow(dispatcherOf(order));
    const run = life.now(world.collector.collect());

    const gone = new Set(run.images);
    if (usedBytes <= policy.highWatermark * totalBytes) checkEqual([...gone], [], 'P10: nothing was needed');
    const held = kept === undefined ? '' : referenceOf(kept);
    const may = before.filter(({ reference, pinned: isPinned }) => !isPinned && reference !== held);
    const freed = (away: ReadonlySet<string>): number => {
      const stay = new Set(before.filter(({ reference }) => !away.has(reference)).flatMap(({ layers }) => layers));
      return [...sizes].reduce((sum, [id, bytes]) => sum + (stay.has(id) ? 0 : bytes), 0);
    };
    const oldestFirst = may.toSorted((a, b) => (lastUseOf(a) < lastUseOf(b) ? -1 : 1)).map(({ reference }) => reference);
    const taken = oldestFirst.filter((reference) => gone.has(reference));
    checkEqual(taken.toSorted(), [...gone].toSorted(), 'P10: taken though it may not go');
    for (const each of taken) {
      const others = new Set([...gone].filter((reference) => reference !== each));
      check(freed(others) < freed(gone), () => `P10: ${each} went and freed nothing`);
    }
    const youngest = taken.at(-1);
    for (const older of youngest === undefined ? [] : oldestFirst.slice(0, oldestFirst.indexOf(youngest))) {
      if (gone.has(older)) continue;
      checkEqual(freed(new Set([...gone, older])), freed(gone), `P10: ${older} was used before ${youngest} and would have freed something`);
    }
    const wanted = usedBytes - policy.lowWatermark * totalBytes;
    if (youngest !== undefined) {
      check(freed(new Set(taken.slice(0, -1))) < wanted, () => `P10: enough was free without ${youngest}`);
    }
    if (run.targetBytes > 0 && freed(gone) < wanted) {
      checkEqual(freed(gone), freed(new Set(oldestFirst)), 'P10: more could be had, and was needed');
    }
  },
});

export const collectionsSurviveCrashes = property({
  name: 'P10 a crash at any step of a collection loses nothing needed, and the next life collects again',
  inputs: () =>
    fc.record({
      wanted: commands(),
      order: anyOrder(),
      crash: crashPoint({ maxStep: 400 }),
      power: fc.boolean(),
      fates: fc.array(fc.constantFrom<CrashFate>('kept', 'lost', 'torn'), { maxLength: 6 }),
    }),
  run: ({ wanted, order, crash, power, fates }) => {
    const world = begin();
    const { life } = world;
    life.start();
    for (const each of names) life.now(world.pull(each));
    life.now(life.world.metadata.pin(referenceOf('i2')));
    life.now(world.provision('kept', 'i1'));
    life.watch.follow(dispatcherOf(order));
    crashAfter(life, crash.step);
    const asked = offer(world, [...wanted, { kind: 'collect', othersBytes: 180 * 4_096 }]);
    life.settle();

    const next = new Collecting(life.nextAgent(power ? fates : 'agent killed'), policy);
    check(next.life.start(), 'P3: the start after a crash fails');
    next.standingIsWhole();
    for (const reference of [referenceOf('i2'), ...pinned(asked)]) {
      check(next.listed.includes(reference), () => `P10: ${reference} was pinned and is gone after a crash`);
    }
    next.othersBytes = next.totalBytes;
    next.life.settleOver(130_000);
    const run = next.life.now(next.collector.collect());
    check(run.result !== 'error', () => `P10: the collection after a crash: ${run.reason} ${run.error?.message}`);
    next.standingIsWhole();
  },
});

/** The life ends `steps` from now. */
function crashAfter({ watch }: AgentLife, steps: number): void {
  const look = watch.afterStep;
  let left = steps;
  watch.afterStep = (ready) => {
    look?.(ready);
    if ((left -= 1) < 0) watch.crashAt = 0;
  };
}
