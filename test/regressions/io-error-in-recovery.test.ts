import { expect, it } from 'vitest';
import { dockerImage } from '../simulation/images.js';
import { Life } from '../simulation/life.js';
import { containersAreWhole, listedImagesAreWhole } from '../simulation/oracles.js';

/**
 * Found by `P3 what was acknowledged is there after a crash`, seed 7, path 7:1:1:3:3:3:3:3:4:3:7:4:4:4:5:0:2:7:3:3: one
 * failing read of a layer's record at a start moved the layer into quarantine, away from the container that stood on it.
 */
it('a recovery whose reads fail for the machine’s reasons moves no layer aside', () => {
  const first = new Life();
  first.recover();
  first.now(first.world.provisioner.provision('c1', dockerImage('web')));

  for (let call = 1; call <= 60; call += 1) {
    for (const errno of ['EIO', 'EMFILE', 'EACCES']) {
      const failing = first.next([], { faults: [{ call, errno }] });
      failing.world.provisioner.recover(['c1']);
      failing.settle();

      const next = failing.next();
      next.recover(['c1']);
      expect(containersAreWhole(next)).toEqual(['c1']);
      listedImagesAreWhole(next);
      expect(next.now(next.world.metadata.images()).images).toHaveLength(1);
    }
  }
});
