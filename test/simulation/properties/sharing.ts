import { faults } from '@keelson/simulation';
import fc from 'fast-check';
import { check, checkEqual } from '../check.js';
import { images, nameOf } from '../images.js';
import type { ImageKey } from '../images.js';
import { Life } from '../life.js';
import { anyNetwork, networkOf } from '../network.js';
import { allSettled, listedImagesAreWhole, nothingIsLeaked } from '../oracles.js';
import { anyOrder } from '../order.js';
import { property } from '../property.js';

const image = () => fc.constantFrom<ImageKey>('web', 'job');

/** Askers of two images that share a layer, some of whom lose interest at any time. */
export const onePull = property({
  name: 'P7 an image asked for by many is pulled once, a shared layer fetched once, and a cancelled asker harms nobody',
  inputs: () =>
    fc.record({
      askers: fc.array(fc.record({ image: image(), leaves: fc.boolean() }), { minLength: 1, maxLength: 7, size: 'max' }),
      order: anyOrder(),
    }),
  run: ({ askers, order }) => {
    const life = new Life({ order });
    life.recover();
    const { runtime, store, registry } = life.world;
    const asked = askers.map((asker) => ({ ...asker, answer: store.pull(nameOf(asker.image)) }));
    for (const { leaves, answer } of asked) {
      if (leaves) runtime.offer({ kind: 'completion', label: 'lose interest', run: () => void answer.discard() });
    }
    life.settle();

    allSettled(asked.map(({ image: key, answer }) => ({ command: { kind: 'pull', image: key, force: false }, answer })));
    for (const { leaves, answer } of asked) {
      if (!leaves) check(answer.isReady(), () => `P7: who stayed got ${answer.toString()}`);
    }
    if (!asked.some(({ leaves }) => leaves)) {
      const blobs = registry.blobRequests.map((path) => path.slice(path.indexOf('/blobs/')));
      checkEqual(blobs.length, new Set(blobs).size, 'P7: blobs fetched, and fetched once');
      const manifests = registry.requests.filter((path) => path.includes('/manifests/'));
      checkEqual(manifests.length, new Set(asked.map(({ image: key }) => key)).size, 'P7: manifests asked for');
    }
    listedImagesAreWhole(life);
    nothingIsLeaked(life);
  },
});

/** The last to go ends the pull; whoever comes after that gets one of their own. */
export const comingAfterTheLastWent = property({
  name: 'P7 who asks after the last asker went gets a pull of their own',
  inputs: () => fc.tuple(image(), anyOrder(), fc.nat(90), fc.array(fc.nat(30), { minLength: 1, maxLength: 3 })),
  run: ([key, order, leavesAfter, askAfter]) => {
    const life = new Life({ order });
    life.recover();
    const { runtime, store, registry } = life.world;
    /** After so many turns of its own: what is to come late in a long chain of steps is not left to chance. */
    const later = (turns: number, label: string, run: () => void): void =>
      runtime.offer({ kind: 'completion', label, run: turns === 0 ? run : () => later(turns - 1, label, run) });
    const leaving = store.pull(nameOf(key));
    const staying: ReturnType<typeof store.pull>[] = [];
    later(leavesAfter, 'the only asker leaves', () => {
      leaving.discard();
      for (const turns of askAfter) later(turns, 'ask again', () => void staying.push(store.pull(nameOf(key))));
    });
    life.settle();
    for (const answer of staying) check(answer.isReady(), () => `P7: who came later got ${answer.toString()}`);
    // One pull that was given up at most, and one that was not.
    const manifests = registry.requests.filter((path) => path.includes('/manifests/'));
    check(manifests.length <= 2, () => `P7: ${manifests.length} pulls where two would do`);
    listedImagesAreWhole(life);
    nothingIsLeaked(life);
  },
});

export const badNetwork = property({
  name: 'P7 what a bad network or disk damages is fetched again or refused, never listed',
  inputs: () => fc.tuple(fc.array(image(), { minLength: 1, maxLength: 3 }), anyOrder(), anyNetwork(), faults({ maxCall: 90, maxFaults: 1 })),
  run: ([wanted, order, network, failing]) => {
    const life = new Life({ order, ...networkOf(network), faults: failing.map(({ call, errno }) => ({ call: call + 25, errno })) });
    void life.world.provisioner.recover([]);
    life.settle();
    const asked = wanted.map((key) => ({ key, answer: life.world.store.pull(nameOf(key)) }));
    life.settleOver(130_000);
    allSettled(asked.map(({ key, answer }) => ({ command: { kind: 'pull', image: key, force: false }, answer })));
    // Two attempts of four answers each, at the worst: transient faults alone never fail a pull of five attempts.
    const lasting = network.faults.some(({ fault }) => fault === 'corrupted') || failing.length > 0;
    for (const { answer } of asked) check(lasting || answer.isReady(), () => `P7: a passing fault failed a pull: ${answer.toString()}`);
    listedImagesAreWhole(life);
    for (const { key, answer } of asked) {
      if (answer.isReady()) checkEqual(answer.get().digest, images[key].manifest.digest, 'P7: digest');
    }
  },
});
