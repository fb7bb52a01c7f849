import type { CrashPoint } from '@keelson/simulation';
import { crashPoint, faults, jobFaults } from '@keelson/simulation';
import fc from 'fast-check';
import { check } from '../check.js';
import type { Command } from '../command.js';
import { commands, offer } from '../command.js';
import { dockerImage } from '../images.js';
import { Life } from '../life.js';
import { anyNetwork, networkOf } from '../network.js';
import {
  allSettled,
  containersAreWhole,
  listedImagesAreWhole,
  nothingIsLeaked,
  nothingIsLeft,
} from '../oracles.js';
import { anyOrder } from '../order.js';
import { property } from '../property.js';

/** Whether an item is an answer of the registry. */
const isNetwork = ({ label }: { label: string }): boolean => label.startsWith('GET /v2/');

/** After every step no needed layer moves and every listed image is whole; the watch throws where that breaks. */
export const noNeededLayerMoves = property({
  name: 'P1 no layer of a rooted or recorded container is ever renamed or removed',
  inputs: () => fc.tuple(commands({ most: 10 }), anyOrder()),
  run: ([wanted, order]) => {
    const life = new Life({ order });
    life.recover();
    offer(life, wanted);
    life.settle();
    containersAreWhole(life);
  },
});

/** Crash at any step of commands, then at any step of the recovery, then recover in peace. */
export const wholeAfterTwoCrashes = property({
  name: 'P2 every listed image is whole, also after a crash and a crash of the recovery',
  inputs: () => fc.tuple(commands(), anyOrder(), crashPoint({ maxStep: 500 }), crashPoint({ maxStep: 120 }), anyOrder()),
  run: ([wanted, order, crash, again, nextOrder]) => {
    const life = recoverTwice(wanted, order, crash, again, nextOrder);
    listedImagesAreWhole(life);
    // Root filesystems may have been cut short; what they stand on may not go all the same.
    containersAreWhole(life, () => false);
  },
});

export const noGarbageAfterCrashes = property({
  name: 'P4 prune terminates and leaves no garbage, whatever crashes left',
  inputs: () => fc.tuple(commands(), anyOrder(), crashPoint({ maxStep: 500 }), crashPoint({ maxStep: 120 }), anyOrder()),
  run: ([wanted, order, crash, again, nextOrder]) => {
    const life = recoverTwice(wanted, order, crash, again, nextOrder);
    // An unknown or broken thing is moved aside and kept for people, so only what a crash cannot break is asked for.
    nothingIsLeft(life);
  },
});

export const noGarbage = property({
  name: 'P4 prune terminates and, once all is quiet, leaves no garbage',
  inputs: () => fc.tuple(commands({ most: 10 }), anyOrder()),
  run: ([wanted, order]) => {
    const life = new Life({ order });
    life.recover();
    offer(life, wanted);
    life.settle();
    nothingIsLeaked(life);
    nothingIsLeft(life);
  },
});

export const nobodyWaitsForTheNetwork = property({
  name: 'P5 nested destroys, provisions and prunes never wait for each other or for the network',
  inputs: () => fc.tuple(commands({ most: 10, without: ['discard'] }), anyOrder()),
  run: ([wanted, order]) => {
    const life = new Life({ order });
    life.recover();
    const asked = offer(life, wanted);
    life.watch.last = isNetwork;
    life.watch.beforeLast = () => {
      // The registry is silent. Only who needs it may wait for it.
      for (const { command, answer } of asked) {
        const needsIt = command.kind === 'pull' || command.kind === 'provision';
        check(needsIt || !answer.isPending(), () => `P5: ${command.kind} waits for the network`);
      }
    };
    life.settle();
    allSettled(asked);
  },
});

export const nothingLeaks = property({
  name: 'P6 a discarded waiter or a failed step never leaks a lock, lease or root',
  inputs: () =>
    fc.tuple(commands({ most: 10 }), anyOrder(), faults({ maxCall: 200, maxFaults: 3 }), anyNetwork(), jobFaults({ maxStep: 40 })),
  run: ([wanted, order, failing, network, aborted]) => {
    const afterStart = failing.map(({ call, errno }) => ({ call: call + 30, errno }));
    const life = new Life({ order, faults: afterStart, jobFaults: aborted, ...networkOf(network) });
    life.world.provisioner.recover([]);
    life.settle();
    const asked = offer(life, wanted);
    life.settleOver(130_000);
    allSettled(asked);
    stillServes(life);
    // Areas that a fault kept from being removed are cleared by the next start.
    if (failing.length + aborted.length === 0) nothingIsLeaked(life);
    else nothingIsRooted(life);
    const alive = life.next();
    alive.recover(life.insides.provisioner.containers().get().map(({ id }) => id));
    listedImagesAreWhole(alive);
    nothingIsLeft(alive, failing.length + aborted.length > 1);
  },
});

/** Whatever failed before, nobody holds a lock for ever: new requests end, well or not. */
function stillServes(life: Life): void {
  const { provisioner } = life.world;
  const probes = [provisioner.pruneImages([]), provisioner.provision('probe', dockerImage('job')), provisioner.pruneImages([])];
  life.layers.destroying('probe');
  life.settleOver(130_000);
  const destroyed = provisioner.destroy('probe');
  life.settleOver(12_000);
  for (const probe of [...probes, destroyed]) check(!probe.isPending(), 'P6: a lock is never given back');
}

function nothingIsRooted(life: Life): void {
  const owners = life.insides.store.roots().map(({ owner }) => owner);
  check(owners.length === 0, () => `P6: roots that nobody holds any more: ${owners.join(', ')}`);
  check(life.world.executor.pendingJobs === 0, 'P6: a job never ends');
}

function recoverTwice(
  wanted: readonly Command[],
  order: Parameters<typeof lifeOf>[0],
  crash: CrashPoint,
  again: CrashPoint,
  nextOrder: Parameters<typeof lifeOf>[0],
): Life {
  const first = lifeOf(order, crash.step);
  void first.world.provisioner.recover([]);
  if (first.settle()) {
    offer(first, wanted);
    first.settle();
  }
  const known = ['c1', 'c2', 'c1.child'];
  const second = first.next(crash.fates, { order: nextOrder, crashAt: again.step });
  void second.world.provisioner.recover(known);
  second.settle();
  const third = second.next(again.fates);
  third.recover(known);
  return third;
}

function lifeOf(order: NonNullable<ConstructorParameters<typeof Life>[0]>['order'] & object, crashAt: number): Life {
  return new Life({ order, crashAt });
}
