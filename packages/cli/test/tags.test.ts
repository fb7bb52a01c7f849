import { afterEach, beforeEach, expect, describe, it } from 'vitest';
import type { World } from './support/keelson.js';
import { makeWorld } from './support/keelson.js';

let world: World;
beforeEach(async () => {
  world = await makeWorld();
});
afterEach(() => world.remove());

describe('pin, unpin and untag', { timeout: 180_000 }, () => {
  it('protect an image from prune, and no longer', async () => {
    const reference = world.reference('hello');
    await world.json('pull', reference, world.reference('tally'));
    expect((await world.json('pin', reference)).images).toMatchObject([{ reference, pinned: true }]);
    expect((await world.json('prune')).removed.images).toMatchObject([
      { reference: world.reference('tally') },
    ]);
    expect((await world.json('unpin', reference)).images).toMatchObject([{ reference, pinned: false }]);
    expect((await world.json('prune')).removed.images).toMatchObject([{ reference }]);
  });

  it('forget a name, and leave its layers to the next prune', async () => {
    const reference = world.reference('hello');
    await world.json('pull', reference);
    expect((await world.json('untag', reference)).images).toMatchObject([{ reference }]);
    expect((await world.json('images')).images).toEqual([]);
    expect((await world.json('prune')).removed.layers).toHaveLength(2);
  });

  it('change nothing when one of the names is unknown', async () => {
    const reference = world.reference('hello');
    await world.json('pull', reference);
    for (const command of ['pin', 'untag']) {
      expect((await world.keelson(command, reference, 'nothing')).stderr).toMatch(
        /^keelson: NO_SUCH_OBJECT: .*"nothing"/,
      );
    }
    expect((await world.json('images')).images).toMatchObject([{ reference, pinned: false }]);
  });
});

describe('metrics', { timeout: 180_000 }, () => {
  it('have the names that Mesos gave them', async () => {
    expect(await world.json('metrics')).toMatchObject({
      'containerizer/mesos/container_destroy_errors': 0,
      'containerizer/mesos/provisioner/remove_container_errors': 0,
      'containerizer/mesos/filesystem/containers_new_rootfs': 0,
    });
  });
});
