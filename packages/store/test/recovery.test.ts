import { encodeRecord, layerRecordFormat, readInventory } from '@keelson/store';
import { describe, expect, it } from 'vitest';
import { MemoryFiles } from './support/memory-files.js';
import { World } from './support/world.js';

const app = 'docker.io/library/app:latest';

function pulled(): { world: World; ids: string[] } {
  const world = World.ready();
  const { layers } = world.fakePuller.offer(app, ['a', 'b']);
  world.value(world.store.pull(app));
  return { world, ids: layers.map((layer) => layer.id) };
}

/** A new agent on the same files. */
function restarted(world: World): World {
  const next = World.ready(world.files);
  next.fakePuller.offer(app, ['a', 'b']);
  return next;
}

describe('store recovery', () => {
  it('creates the layout, and says which directory it could not create', () => {
    const world = World.ready();
    expect(world.files.names(world.paths.root)).toEqual(['gc', 'layers', 'quarantine', 'reserve', 'staging']);

    const files = new MemoryFiles();
    files.fail('makeDirectory', /gc$/, 'EROFS');
    const broken = new World(files);
    const error = broken.failure(broken.store.recover());
    expect(error).toMatchObject({ code: 'STORE_UNUSABLE' });
    expect(error.message).toContain(broken.paths.gc);
  });

  it('answers the same layers after a restart, without asking the source', () => {
    const { world, ids } = pulled();
    const again = restarted(world);
    expect(again.value(again.store.get(app)).layers.map((layer) => layer.id)).toEqual(ids);
    expect(again.fakePuller.resolved).toEqual([]);
    expect(again.value(again.store.recovery())).toMatchObject({ layers: 2, images: 1, quarantined: [] });
  });

  it('clears what interrupted work left in staging', () => {
    const { world } = pulled();
    world.files.put(`${world.paths.staging}/x1/blob`, 'half');
    world.files.put(`${world.paths.staging}/x2/id/rootfs/file`, 'half');
    const again = restarted(world);
    again.value(again.store.swept());
    expect(again.value(again.store.recovery()).clearedStaging).toBe(2);
    expect(again.leftovers()).toEqual([]);
  });

  it.each([
    ['an empty record', (world: World, id: string) => world.files.put(world.paths.layerRecord(id), '')],
    [
      'a damaged record',
      (world: World, id: string) => world.files.put(world.paths.layerRecord(id), '{"format":1}'),
    ],
    ['no record', (world: World, id: string) => void world.files.removeTree(world.paths.layerRecord(id))],
    ['no rootfs', (world: World, id: string) => void world.files.removeTree(world.paths.rootfs(id))],
    [
      'the record of another layer',
      (world: World, id: string) => {
        const [layer] = world.value(world.store.layers()).filter((each) => each.id !== id);
        world.files.put(world.paths.layerRecord(id), encodeRecord(layerRecordFormat, layer!));
      },
    ],
  ])('moves a layer with %s to quarantine, counts it, and pulls it again when it is needed', (_, damage) => {
    const { world, ids } = pulled();
    damage(world, ids[1]!);

    const again = restarted(world);

    const recovery = again.value(again.store.recovery());
    expect(recovery).toMatchObject({ layers: 1, images: 0, unreferencedLayers: 1 });
    expect(recovery.quarantined).toMatchObject([{ object: ids[1] }]);
    expect(recovery.droppedImages).toEqual([{ reference: app, missing: [ids[1]] }]);
    expect(again.files.names(again.paths.quarantine)).toHaveLength(1);
    expect(again.value(again.store.images())).toEqual([]);
    expect(again.value(again.store.get(app)).layers).toHaveLength(2);
    expect(again.fakePuller.fetched).toEqual(['b']);
  });

  it('moves what is no layer at all to quarantine', () => {
    const { world } = pulled();
    world.files.put(`${world.paths.layers}/lost+found`, 'x');
    const again = restarted(world);
    expect(again.value(again.store.recovery()).quarantined).toMatchObject([
      { object: 'lost+found', code: 'UNKNOWN' },
    ]);
    expect(again.files.names(again.paths.quarantine)).toHaveLength(1);
  });

  it('keeps whole layers that no image needs as cache: a pull reuses them, a prune removes them', () => {
    const { world } = pulled();
    world.files.removeTree(world.paths.storedImages);

    const again = restarted(world);
    expect(again.value(again.store.recovery())).toMatchObject({
      images: 0,
      layers: 2,
      unreferencedLayers: 2,
    });
    expect(again.value(again.store.pull(app))).toMatchObject({ bytesDownloaded: 0 });

    world.files.removeTree(world.paths.storedImages);
    const third = restarted(world);
    third.value(third.store.prune([], []));
    expect(third.layersOnDisk()).toEqual([]);
  });

  it('starts cold when the image records are damaged, and keeps the file', () => {
    const { world } = pulled();
    world.files.put(world.paths.storedImages, 'garbage\ngarbage\n');
    const again = restarted(world);
    const { quarantined } = again.value(again.store.recovery());
    expect(quarantined).toMatchObject([{ object: 'storedImages', code: 'CORRUPT' }]);
    expect(again.value(again.store.images())).toEqual([]);
    expect(again.layersOnDisk()).toHaveLength(2);
  });
});

describe('readInventory', () => {
  it('tells what is stored without changing anything', () => {
    const { world, ids } = pulled();
    world.files.put(`${world.paths.layers}/strange`, 'x');
    const changes = world.files.changes.length;

    const inventory = world.value(readInventory(world.paths, world.files));

    expect(inventory.images.map((image) => image.reference)).toEqual([app]);
    expect(inventory.layers.map((layer) => layer.id).toSorted()).toEqual(ids.toSorted());
    expect(inventory.problems).toMatchObject([{ object: 'strange' }]);
    expect(inventory.storeVersion).toBe(1);
    expect(world.files.changes).toHaveLength(changes);
  });

  it('takes a store that does not exist for an empty one', () => {
    const world = new World();
    expect(world.value(readInventory(world.paths, world.files))).toEqual({
      storeVersion: 0,
      images: [],
      layers: [],
      problems: [],
    });
  });
});

describe('usage', () => {
  it('tells live, cached and trash bytes apart, and what images share', () => {
    const world = World.ready();
    world.fakePuller.offer(app, ['shared', 'own']);
    world.fakePuller.offer('docker.io/library/base:latest', ['shared']);
    world.value(world.store.get(app, { owner: 'container web' }));
    world.value(world.store.pull('base'));
    world.fakePuller.offer('docker.io/library/gone:latest', ['gone']);
    world.value(world.store.pull('gone'));
    world.executor.hold('os.remove-tree');

    const before = world.value(world.store.usage());
    world.value(world.store.prune([], []));
    const after = world.value(world.store.usage());

    expect(before).toMatchObject({ liveBytes: 9, cachedBytes: 4, trashBytes: 0, unaccountedBytes: 0 });
    expect(before.images.find((image) => image.reference === app)).toMatchObject({
      uniqueBytes: 3,
      sharedBytes: 6,
    });
    expect(after).toMatchObject({ liveBytes: 9, cachedBytes: 0, trashBytes: 4 });
  });
});
