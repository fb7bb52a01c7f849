import type { CrashFate } from '@keelson/simulation';
import fc from 'fast-check';
import { check, checkEqual } from '../check.js';
import type { ImageKey } from '../images.js';
import { dockerImage, nameOf, referenceOf } from '../images.js';
import { nodeAt } from '../disk-view.js';
import { Life } from '../life.js';
import { containersAreWhole, listedImagesAreWhole, nothingIsLeft } from '../oracles.js';
import { anyOrder } from '../order.js';
import { property } from '../property.js';

/** Faults and crashes at the very step that matters: where a promise is given, or refused. */

const image = () => fc.constantFrom<ImageKey>('web', 'job');
const fates = () => fc.array(fc.constantFrom<CrashFate>('kept', 'lost', 'torn'), { minLength: 8, maxLength: 8 });

export const crashAtTheAnswer = property({
  name: 'P3 the power goes right after a pull was answered: the image is there',
  inputs: () => fc.tuple(image(), fc.nat(4), fates(), anyOrder()),
  run: ([key, later, lost, order]) => {
    const life = new Life({ order });
    life.recover();
    const answer = life.world.store.pull(nameOf(key));
    let steps = 0;
    const look = life.watch.afterStep;
    life.watch.afterStep = (ready) => {
      look?.(ready);
      if (answer.isReady() && (steps += 1) > later) life.watch.crashAt = 0;
    };
    life.settle();
    check(answer.isReady(), () => `P3: the pull is ${answer.toString()}`);
    const next = life.next(lost);
    next.recover();
    const listed = next.now(next.world.metadata.images()).images.map(({ reference }) => reference);
    checkEqual(listed, [referenceOf(key)], 'P3: images');
    listedImagesAreWhole(next);
  },
});

export const refusedIsRefused = property({
  name: 'P3 a pull or an untag that failed at any disk call has changed nothing, also for the next start',
  inputs: () => fc.tuple(image(), fc.boolean(), fc.integer({ min: 10, max: 95 }), fc.constantFrom('EIO', 'ENOSPC'), anyOrder()),
  run: ([key, untag, call, errno, order]) => {
    const first = new Life();
    first.recover();
    if (untag) first.now(first.world.store.pull(nameOf(key)));
    const life = first.next([], { order, faults: [{ call: untag ? 15 + (call % 30) : call, errno }] });
    const recovered = life.world.provisioner.recover([]);
    life.settle();
    if (!recovered.isReady()) return;
    const { store, metadata } = life.world;
    const answer = untag ? metadata.forget([referenceOf(key)]) : store.pull(nameOf(key));
    life.settleOver(5_000);
    const there = answer.isReady() !== untag;
    if (!untag && !there) {
      life.now(store.pull(nameOf(key)));
      return nothingIsLeft(life);
    }
    const next = life.next();
    next.recover();
    checkEqual(next.now(next.world.metadata.images()).images.length, there ? 1 : 0, 'P3: images');
    listedImagesAreWhole(next);
  },
});

export const tornTails = property({
  name: 'P3 what is acknowledged on top of a torn journal is there after the next start (T10)',
  inputs: () => fc.tuple(image(), fc.integer({ min: 60, max: 260 }), fates(), anyOrder()),
  run: ([key, crashAt, lost, order]) => {
    const first = new Life({ order });
    first.recover();
    first.now(first.world.store.pull(nameOf('web')));
    // Every image after the first is one more line; the cut comes while they are written.
    first.watch.crashAt = first.world.dispatcher.steps + crashAt;
    void first.world.metadata.pin(referenceOf('web'));
    void first.world.store.pull(nameOf('job'));
    void first.world.metadata.unpin(referenceOf('web'));
    first.settle();
    const second = first.next(lost);
    second.recover();
    second.now(second.world.store.pull(nameOf(key), { cached: false }));
    const third = second.next();
    third.recover();
    const listed = third.now(third.world.metadata.images()).images.map(({ reference }) => reference);
    check(listed.includes(referenceOf(key)), () => `P3: ${key} was acknowledged, listed are ${listed.join(', ')}`);
    listedImagesAreWhole(third);
  },
});

export const lostLayers = property({
  name: 'P2 an image whose layer somebody deleted is dropped at a start, and whole again after the next pull',
  inputs: () => fc.tuple(image(), fc.nat(3), anyOrder()),
  runs: 60,
  run: ([key, which, order]) => {
    const first = new Life();
    first.recover();
    first.now(first.world.store.pull(nameOf(key)));
    const { disk, storePaths } = first.world;
    const [image_] = first.now(first.world.metadata.images()).images;
    const layers = nodeAt(disk, storePaths.layers);
    const id = image_?.layers[which % image_.layers.length] as string;
    check(layers?.kind === 'directory' && layers.entries.has(id), 'there is no layer to delete');
    const directory = inodeOf(first, storePaths.layers);
    disk.change({ kind: 'unlink', directory, name: id });
    disk.syncAll();

    const next = first.next([], { order });
    next.recover();
    checkEqual(next.now(next.world.metadata.images()).images, [], 'P2: images listed without their layers');
    next.now(next.world.store.pull(nameOf(key)));
    listedImagesAreWhole(next);
    nothingIsLeft(next);
  },
});

function inodeOf(life: Life, path: string): number {
  let inode = 1;
  for (const name of path.split('/').filter(Boolean)) {
    const node = life.world.disk.node(inode);
    inode = (node?.kind === 'directory' ? node.entries.get(name) : undefined) ?? 0;
  }
  return inode;
}

export const failedLaunches = property({
  name: 'P6 a launch that fails at any disk call gives its lease back',
  inputs: () => fc.tuple(fc.integer({ min: 18, max: 50 }), fc.constantFrom('EIO', 'ENOSPC'), fc.boolean(), anyOrder()),
  run: ([call, errno, beside, order]) => {
    const first = new Life();
    first.recover();
    first.now(first.world.store.pull(nameOf('web')));
    const life = first.next([], { order, faults: [{ call, errno }] });
    const { provisioner } = life.world;
    const recovered = provisioner.recover([]);
    life.settle();
    if (!recovered.isReady()) return;
    const asked = [provisioner.provision('c1', dockerImage('web'))];
    if (beside) asked.push(provisioner.provision('c2', dockerImage('web')));
    life.settle();
    const prune = provisioner.pruneImages([]);
    life.settle();
    check(asked.every((answer) => !answer.isPending()), 'P5: a launch never ends');
    check(!prune.isPending(), 'P6: a lease is never given back');
    containersAreWhole(life, () => false);
  },
});
