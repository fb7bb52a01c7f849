import fc from 'fast-check';
import { check, checkEqual } from '../check.js';
import type { ImageKey } from '../images.js';
import { dockerImage, nameOf } from '../images.js';
import { Life } from '../life.js';
import { containersAreWhole, listedImagesAreWhole } from '../oracles.js';
import { anyOrder } from '../order.js';
import { property } from '../property.js';

/** Prunes of the provisioner and of the store alone, asked at any time around a recovery. */
export const nothingIsMarkedBeforeRecovery = property({
  name: 'P9 a prune before recovery is finished is refused and marks nothing',
  inputs: () => fc.tuple(fc.integer({ min: 0, max: 2 }), fc.integer({ min: 0, max: 2 }), fc.boolean(), anyOrder()),
  run: ([early, during, storeAlone, order]) => {
    const first = new Life();
    first.recover();
    first.now(first.world.provisioner.provision('c1', dockerImage('web')));
    first.now(first.world.store.pull(nameOf('job')));
    const life = first.next([], { order });
    const { provisioner, store, metadata, runtime } = life.world;

    const prune = () => (storeAlone ? store.prune(['registry.test/web' satisfies `registry.test/${ImageKey}`], []) : provisioner.pruneImages([]));
    const prunes = Array.from({ length: early }, prune);
    const recovered = provisioner.recover(['c1']);
    for (let count = 0; count < during; count += 1) {
      const run = (): void => {
        // Asked in the turn of whoever is at work: its place in the mailbox tells whether recovery was over by then.
        if (!recovered.isReady()) prunes.push(prune());
      };
      runtime.offer({ kind: 'completion', label: 'prune meanwhile', run });
    }
    life.settle();
    check(recovered.isReady(), () => `P9: recovery is ${recovered.toString()}`);
    const refused = prunes.slice(0, early);
    for (const answer of refused) {
      const code = answer.isFailed() ? (answer.failure() as { code?: string }).code : answer.toString();
      checkEqual(code, 'NOT_RECOVERED', 'P9: a prune before recovery');
    }
    containersAreWhole(life);
    listedImagesAreWhole(life);
    if (prunes.every((answer) => answer.isFailed())) {
      checkEqual(life.now(metadata.images()).images.length, 2, 'P9: images after refused prunes');
    }
  },
});

export const failingStartLosesNothing = property({
  name: 'P3 a start at which a disk call fails, and the next start, lose nothing that stood',
  inputs: () => fc.tuple(fc.integer({ min: 1, max: 60 }), fc.constantFrom('EIO', 'EMFILE', 'EACCES'), anyOrder()),
  runs: 60,
  run: ([call, errno, order]) => {
    const first = new Life();
    first.recover();
    first.now(first.world.provisioner.provision('c1', dockerImage('web')));
    const failing = first.next([], { faults: [{ call, errno }], order });
    void failing.world.provisioner.recover(['c1']);
    failing.settle();

    const next = failing.next();
    next.recover(['c1']);
    checkEqual(containersAreWhole(next), ['c1'], 'P3: containers');
    listedImagesAreWhole(next);
    checkEqual(next.now(next.world.metadata.images()).images.length, 1, 'P3: images');
  },
});
