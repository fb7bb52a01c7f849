import { expect, it } from 'vitest';
import { dockerImage, nameOf } from '../simulation/images.js';
import { Life } from '../simulation/life.js';

/**
 * Found by `P6 a launch that fails at any disk call …`, seed 3, path 96:3:3: the record of a container's layers was renamed
 * into place, its folder could not be synced, and the launch was refused. The record stayed, and the next start read a root
 * filesystem that never was, on layers that a prune had taken since.
 */
it('a launch that was refused is not read back from its record', () => {
  for (let call = 15; call <= 50; call += 1) {
    const first = new Life();
    first.recover();
    first.now(first.world.store.pull(nameOf('web')));
    const life = first.next([], { faults: [{ call, errno: 'EIO' }] });
    life.world.provisioner.recover([]);
    life.settle();
    const launch = life.world.provisioner.provision('c1', dockerImage('web'));
    life.settle();
    if (!launch.isFailed()) continue;
    life.world.provisioner.pruneImages([]);
    life.settle();

    const next = life.next();
    next.recover(['c1']);
    const rootfses = next.now(next.world.provisioner.containers()).flatMap((container) => container.rootfses);
    expect(rootfses).toEqual([]);
  }
});
