import fc from 'fast-check';
import { check, checkEqual } from '../check.js';
import type { Command } from '../command.js';
import { anyCommand, ask, offer } from '../command.js';
import { nodeAt } from '../disk-view.js';
import { dockerImage, images, nameOf, referenceOf } from '../images.js';
import { Life } from '../life.js';
import { allSettled, containersAreWhole, listedImagesAreWhole, nothingIsLeaked, nothingIsLeft } from '../oracles.js';
import type { Order } from '../order.js';
import { anyOrder, dispatcherOf } from '../order.js';
import { property } from '../property.js';

/** Scenarios that put their few requests where a known trap lies; the order is still any. */

const provision = (id: string, image: 'web' | 'job'): Command => ({ kind: 'provision', id, image });
const prune: Command = { kind: 'prune', exclude: [] };
const few = (command: Command, most: number): fc.Arbitrary<Command[]> => fc.array(fc.constant(command), { maxLength: most });

/** A life that begins with `before`, one after the other, and goes on in `order`. */
function prepared(before: readonly Command[], order: Order): Life {
  const life = new Life();
  life.recover();
  for (const command of before) {
    offer(life, [command]);
    life.settle();
  }
  life.watch.follow(dispatcherOf(order));
  return life;
}

export const launchesBesidePrunes = property({
  name: 'P1 launches and pulls beside prunes never lose a layer',
  inputs: () =>
    fc.record({
      before: fc.subarray<Command>([{ kind: 'pull', image: 'web', force: false }, { kind: 'pull', image: 'job', force: false }]),
      prunes: fc.integer({ min: 1, max: 3 }),
      others: fc.shuffledSubarray<Command>(
        [provision('c1', 'web'), provision('c2', 'job'), provision('c1', 'job'), { kind: 'retag' }, { kind: 'pull', image: 'web', force: true }],
        { minLength: 1, maxLength: 4 },
      ),
      order: anyOrder(),
    }),
  run: ({ before, prunes, others, order }) => {
    const life = prepared(before, order);
    const wanted = others.flatMap((each, index) => (index < prunes ? [each, prune] : [each]));
    const asked = offer(life, wanted);
    life.settle();
    allSettled(asked);
    for (const { command, answer } of asked) check(answer.isReady(), () => `P1: ${command.kind} ${answer.toString()}`);
    containersAreWhole(life);
    listedImagesAreWhole(life);
    nothingIsLeaked(life);
    nothingIsLeft(life);
  },
});

export const nestedDestroys = property({
  name: 'P5 nested destroys beside prunes and launches end, children first',
  inputs: () => fc.tuple(few(prune, 3), few({ kind: 'destroy', id: 'c1.child' }, 1), few(provision('c2', 'web'), 1), anyOrder()),
  run: ([prunes, children, launches, order]) => {
    const life = prepared([provision('c1', 'web'), provision('c1.child', 'job')], order);
    const asked = offer(life, [...prunes.slice(1), ...children, { kind: 'destroy', id: 'c1' }, ...prunes.slice(0, 1), ...launches]);
    life.settle();
    allSettled(asked);
    checkEqual(life.now(life.world.provisioner.containers()).map(({ id }) => id), launches.length ? ['c2'] : [], 'P5: containers');
    nothingIsLeaked(life);
    nothingIsLeft(life);
  },
});

export const launchIntoDestroy = property({
  name: 'P4 a launch beside a destroy of the same container and a prune ends whole or not at all',
  inputs: () =>
    fc.record({
      before: fc.constantFrom<Command[]>([], [{ kind: 'pull', image: 'web', force: false }], [provision('c1', 'web')]),
      more: fc.array(anyCommand(['retag', 'untag', 'discard', 'pull']), { maxLength: 3 }),
      prunes: few(prune, 2),
      order: anyOrder(),
    }),
  run: ({ before, more, prunes, order }) => {
    const life = prepared(before, order);
    const asked = offer(life, [{ kind: 'destroy', id: 'c1' }, provision('c1', 'web'), ...prunes, ...more]);
    life.settle();
    allSettled(asked);
    containersAreWhole(life);
    nothingIsLeaked(life);
    nothingIsLeft(life);
  },
});

export const severalRootfses = property({
  name: 'P3 every root filesystem of one container is on record, in whatever order they were made (T2)',
  inputs: () => fc.tuple(fc.integer({ min: 2, max: 4 }), fc.boolean(), anyOrder()),
  run: ([count, cached, order]) => {
    const before: Command[] = cached ? [{ kind: 'pull', image: 'web', force: false }, { kind: 'pull', image: 'job', force: false }] : [];
    const life = prepared(before, order);
    offer(life, Array.from({ length: count }, (_, index) => provision('c1', index % 2 === 0 ? 'web' : 'job')));
    life.settle();
    const next = life.next();
    next.recover(['c1']);
    const [container] = next.now(next.world.provisioner.containers());
    checkEqual([container?.rootfses.length, container?.layersUnknown], [count, undefined], 'P3: root filesystems on record');
    next.now(next.world.provisioner.pruneImages([]));
    containersAreWhole(next);
  },
});

export const ownExclusions = property({
  name: 'P4 prunes with other exclusions each do what they were asked',
  inputs: () => fc.tuple(fc.boolean(), anyOrder()),
  runs: 60,
  run: ([keepFirst, order]) => {
    const life = prepared([{ kind: 'pull', image: 'web', force: false }, { kind: 'pull', image: 'job', force: false }], order);
    const keep: Command = { kind: 'prune', exclude: ['web', 'job'] };
    allSettled(offer(life, keepFirst ? [keep, prune] : [prune, keep]));
    life.settle();
    checkEqual(life.now(life.world.metadata.images()).images.length, 0, 'P4: images after a prune of everything');
  },
});

export const strangersGo = property({
  name: 'P4 a container that nobody knows goes at the next start',
  inputs: () => fc.tuple(fc.boolean(), anyOrder()),
  runs: 60,
  run: ([nested, order]) => {
    const life = prepared([provision(nested ? 'c1.child' : 'c1', 'web')], order);
    const next = life.next();
    next.layers.destroying('c1');
    next.recover([]);
    checkEqual(next.now(next.world.provisioner.containers()), [], 'P4: containers that nobody knows');
    nothingIsLeft(next);
  },
});

/** The last asker goes while layers are fetched, and a prune comes: what is still at work may not be damaged. */
export const discardedBesidePrunes = property({
  name: 'P6 pulls that were given up, asked for again and pruned leave nothing half done',
  inputs: () => fc.tuple(fc.integer({ min: 1, max: 3 }), fc.integer({ min: 1, max: 2 }), anyOrder()),
  run: ([pulls, prunes, order]) => {
    const life = prepared([], order);
    const { store, runtime, provisioner } = life.world;
    const later = (label: string, run: () => void): void => runtime.offer({ kind: 'completion', label, run });
    for (let count = 0; count < pulls; count += 1) {
      const pull = store.pull(nameOf(count % 2 === 0 ? 'web' : 'job'));
      later('lose interest', () => void pull.discard());
    }
    for (let count = 0; count < prunes; count += 1) later('prune', () => void provisioner.pruneImages([]));
    later('launch', () => void provisioner.provision('c1', dockerImage('web')));
    life.settle();
    checkEqual(containersAreWhole(life), ['c1'], 'P6: the launch');
    nothingIsLeaked(life);
    nothingIsLeft(life);
  },
});

export const rootsHold = property({
  name: 'P1 what an owner got stays until it lets go, whatever its name means meanwhile',
  inputs: () =>
    fc.record({
      cached: fc.boolean(),
      meanwhile: fc.constantFrom<'nothing' | 'untagged' | 'moved'>('nothing', 'untagged', 'moved'),
      order: anyOrder(),
    }),
  runs: 100,
  run: ({ cached, meanwhile, order }) => {
    const life = prepared(cached ? [{ kind: 'pull', image: 'web', force: false }] : [], order);
    const { store, metadata, disk, storePaths, provisioner } = life.world;
    const { layers } = life.now(store.get(nameOf('web'), { owner: 'somebody' }));
    if (meanwhile === 'untagged') life.now(metadata.forget([referenceOf('web')]));
    if (meanwhile === 'moved') {
      offer(life, [{ kind: 'retag' }]);
      life.settle();
      life.now(store.pull(nameOf('web'), { cached: false }));
    }
    life.now(provisioner.pruneImages([]));
    for (const { id } of layers) check(nodeAt(disk, storePaths.rootfs(id)) !== undefined, `P1: layer ${id} of somebody is gone`);
    const listed = life.now(metadata.images()).images;
    if (meanwhile === 'moved') checkEqual(listed[0]?.digest, images.webTwo.manifest.digest, 'P3: what the name means after a forced pull');
    checkEqual(listed.length, meanwhile === 'untagged' ? 0 : 1, 'P1: images listed while somebody holds the name');
    life.now(store.release('somebody'));
    nothingIsLeft(life);
  },
});

export const lettingGoDuringPrune = property({
  name: 'P1 what is let go of while a prune is open stays until that prune is over',
  inputs: () => fc.tuple(fc.boolean(), anyOrder()),
  runs: 60,
  run: ([untag, order]) => {
    const life = prepared([], order);
    const { store, metadata, disk, storePaths } = life.world;
    const { layers } = life.now(store.get(nameOf('web'), { owner: 'somebody' }));
    if (untag) life.now(metadata.forget([referenceOf('web')]));
    // One mailbox: the prune is open by the time the root falls, and whoever held it may have put a record in its place.
    const pruned = store.prune([], []);
    void store.release('somebody');
    life.now(pruned);
    for (const { id } of layers) check(nodeAt(disk, storePaths.rootfs(id)) !== undefined, `P1: layer ${id} went during the prune`);
    nothingIsLeft(life);
  },
});

export const givenUpAgainAndAgain = property({
  name: 'P6 pulls that are given up again and again use up nothing',
  inputs: () => fc.tuple(fc.array(fc.nat(60), { minLength: 4, maxLength: 6 }), anyOrder()),
  runs: 150,
  run: ([leaving, order]) => {
    const life = prepared([], order);
    const { store, runtime } = life.world;
    const later = (turns: number, run: () => void): void =>
      runtime.offer({ kind: 'completion', label: 'lose interest', run: turns === 0 ? run : () => later(turns - 1, run) });
    for (const turns of leaving) {
      const pull = store.pull(nameOf('web'), { cached: false });
      later(turns, () => void pull.discard());
      life.settle();
      nothingIsLeaked(life);
      life.now(life.world.provisioner.pruneImages([]));
    }
    life.now(store.pull(nameOf('web')));
    listedImagesAreWhole(life);
  },
});

export const atAnyMomentOfALaunch = property({
  name: 'P5 a destroy and a prune that come at any moment of a launch end, and so does the launch (T6)',
  inputs: () => fc.tuple(fc.nat(50), fc.boolean(), fc.oneof(fc.constant<Order>({ kind: 'vector', vector: [] }), anyOrder())),
  run: ([moment, pruneFirst, order]) => {
    const life = prepared([{ kind: 'pull', image: 'web', force: false }], order);
    const { runtime } = life.world;
    const asked = offer(life, [provision('c1', 'web')]);
    const both: Command[] = [{ kind: 'destroy', id: 'c1' }, prune];
    const rest = (turns: number): void => {
      if (turns > 0) return runtime.offer({ kind: 'completion', label: 'wait', run: () => rest(turns - 1) });
      for (const command of pruneFirst ? both.toReversed() : both) {
        const answer = ask(life, command);
        if (answer) asked.push({ command, answer });
      }
    };
    rest(moment);
    life.settle();
    allSettled(asked);
    nothingIsLeaked(life);
    nothingIsLeft(life);
  },
});
