import { crashWindow } from '@keelson/simulation';
import { expect, it } from 'vitest';
import { nameOf } from '../simulation/images.js';
import { Life } from '../simulation/life.js';
import { containersAreWhole } from '../simulation/oracles.js';

const lost = Array.from({ length: crashWindow }, () => 'lost' as const);

/**
 * Found by `P3 what was acknowledged is there after a crash, …`: a copied root filesystem was on record, and answered,
 * before its files were durable; after a power cut the container stood on an empty folder.
 */
it('a root filesystem that was answered has all its files after a power cut', () => {
  const life = new Life();
  life.recover();
  const container = life.now(life.world.provisioner.provision('c1', { type: 'DOCKER', name: nameOf('web') }));
  expect(container.rootfs).toContain('c1');

  const next = life.next(lost);
  next.recover(['c1']);
  expect(containersAreWhole(next)).toEqual(['c1']);
});
