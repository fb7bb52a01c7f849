import { expect, it } from 'vitest';
import { namesAt } from '../simulation/disk-view.js';
import { nameOf } from '../simulation/images.js';
import { Life } from '../simulation/life.js';
import { listedImagesAreWhole, nothingIsLeft } from '../simulation/oracles.js';

/**
 * Found by `P6 a discarded waiter or a failed step …`, seed 3, path 7:1:0:1:2:7:6:6: a layer was renamed into its place,
 * the folder could not be synced, and the pull failed. The table did not know the layer: no prune took it, and the next
 * pull moved a good layer into quarantine, where it stayed.
 */
it('a layer that could not be made durable is taken back, and the next pull leaves nothing behind', () => {
  for (let call = 20; call <= 90; call += 1) {
    const life = new Life({ faults: [{ call, errno: 'ENOSPC' }] });
    life.world.provisioner.recover([]);
    life.settle();
    const refused = life.world.store.pull(nameOf('job'));
    life.settle();
    if (!refused.isFailed()) continue;

    life.now(life.world.store.pull(nameOf('job')));
    listedImagesAreWhole(life);
    expect(namesAt(life.world.disk, life.world.storePaths.quarantine)).toEqual([]);
    nothingIsLeft(life);
  }
});
