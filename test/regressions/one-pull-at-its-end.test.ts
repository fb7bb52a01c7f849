import { it } from 'vitest';
import { comingAfterTheLastWent } from '../simulation/properties/sharing.js';

/**
 * Found by a soak, seed 4242, path 104:3:2:1:3:3:3:1:1:2:2:2:6:2:6:1:1:1:16:14:3: an asker whose look-up missed was served
 * after the pull it missed had ended, and asked the registry once more.
 */
it('an asker whose look-up missed joins the pull that was ending then', () => {
  comingAfterTheLastWent.run(['job', { kind: 'delay', seed: 0, delays: 1 }, 56, [25, 7]]);
});
