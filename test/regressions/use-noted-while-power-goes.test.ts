import { it } from 'vitest';
import { properties } from '../simulation/properties/index.js';

/**
 * Found by `npm run soak:ci`, seed 20171127, path 77:1:0:1:7:29:16:12:3:13:19:21:21:21: the power went while the use of an
 * image was appended to the journal, and the disk of the simulation tore the lines before it, too, which were durable.
 */
it('an image stays listed when the power goes while its use is noted', () => {
  const property = properties.find(({ name }) => name.startsWith('P3 what was acknowledged is there after a crash'));
  const provision = (id: string) => ({ kind: 'provision', id, image: 'web' });
  property!.run({
    before: [provision('c1')],
    last: provision('c2'),
    order: { kind: 'priority', seed: 4160745442, changePoints: 1 },
    crash: { step: 62, fates: ['kept', 'kept', 'kept', 'kept', 'torn'] },
    again: { step: 0, fates: [] },
  });
});
