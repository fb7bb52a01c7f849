import { describe, expect, it } from 'vitest';
import { JobError } from '@keelson/os/ports';
import { World } from './support/world.js';

const app = 'docker.io/library/app:latest';
const base = 'docker.io/library/base:latest';

/** `app` stands on the layer of `base`. */
function pulled(options?: ConstructorParameters<typeof World>[1]): World & { shared: string; own: string } {
  const world = World.ready(undefined, options);
  world.fakePuller.offer(base, ['shared']);
  const image = world.fakePuller.offer(app, ['shared', 'own']);
  world.value(world.store.pull(base));
  world.value(world.store.pull(app));
  return Object.assign(world, { shared: image.layers[0]!.id, own: image.layers[1]!.id });
}

describe('store prune', () => {
  it('parses every exclusion first: one bad name fails the call before anything moves', () => {
    const world = pulled();
    const changes = world.files.changes.length;

    const error = world.failure(world.store.prune(['base', 'Not A Name', 'app'], []));

    expect(error).toMatchObject({ code: 'INVALID_REFERENCE' });
    expect(world.files.changes).toHaveLength(changes);
    expect(world.value(world.store.images())).toHaveLength(2);
  });

  it('is fine with a store that never pulled', () => {
    const world = World.ready();
    expect(world.value(world.store.prune([], []))).toMatchObject({
      removed: { images: [], layers: [] },
      skipped: [],
    });
  });

  it('is fine with a store whose layers directory is missing', () => {
    const world = World.ready();
    world.files.removeTree(world.paths.layers);
    expect(world.value(world.store.prune([], []))).toMatchObject({ removed: { layers: [] } });
  });

  it('keeps the layers of excluded images and takes the others', () => {
    const world = pulled();

    const report = world.value(world.store.prune(['base'], []));

    expect(report.removed.images.map((image) => image.reference)).toEqual([app]);
    expect(report.removed.layers).toEqual([{ id: world.own, sizeBytes: 3 }]);
    expect(world.layersOnDisk()).toEqual([world.shared]);
    expect(world.value(world.store.get(base)).config.env).toEqual(['LAYERS=shared']);
  });

  it('keeps layers of active containers, compared by id and not by path text', () => {
    const world = pulled();
    const report = world.value(world.store.prune([], [world.own]));
    expect(world.layersOnDisk()).toEqual([world.own]);
    expect(report.kept).toContainEqual({ object: world.own, why: 'a container stands on it' });
    expect(report.removed.images).toHaveLength(2);
  });

  it('marks by rename into gc under unique names', () => {
    const world = pulled();
    const proceed = world.executor.hold('os.remove-tree');
    world.value(world.store.prune([], []));
    const first = world.files.names(world.paths.gc);
    world.value(world.store.pull(app));
    world.value(world.store.prune([], []));

    const all = world.files.names(world.paths.gc).filter((name) => name.startsWith(world.own));

    expect(first.filter((name) => name.startsWith(world.own))).toHaveLength(1);
    expect(all).toHaveLength(2);
    expect(world.files.paths(world.paths.gc).some((path) => path.endsWith('/rootfs/content'))).toBe(true);
    proceed();
  });

  it('reports a layer that cannot be renamed and goes on with the rest', () => {
    const world = pulled();
    world.files.fail('rename', new RegExp(`layers/${world.own}$`), 'EBUSY');

    const report = world.value(world.store.prune([], []));

    expect(report.skipped).toEqual([{ object: world.own, why: expect.stringContaining('EBUSY') }]);
    expect(report.removed.layers.map((layer) => layer.id)).toEqual([world.shared]);
    expect(world.layersOnDisk()).toEqual([world.own]);

    world.files.heal();
    expect(world.value(world.store.prune([], [])).removed.layers.map((layer) => layer.id)).toEqual([
      world.own,
    ]);
  });

  it('counts a layer that is gone already as removed', () => {
    const world = pulled();
    world.files.removeTree(world.paths.layer(world.own));
    const report = world.value(world.store.prune([], []));
    expect(report.skipped).toEqual([]);
    expect(report.removed.layers).toHaveLength(2);
  });

  it('does not wait for the sweep with its answer', () => {
    const world = pulled();
    const proceed = world.executor.hold('os.remove-tree');
    expect(world.value(world.store.prune([], [])).removed.layers).toHaveLength(2);
    const swept = world.store.swept();
    world.settle();
    expect(swept.isPending()).toBe(true);

    proceed();

    expect(world.value(swept)).toEqual({ removedEntries: 2, unlinkedBytes: 20, failures: [] });
    expect(world.leftovers()).toEqual([]);
  });

  it('moves nothing when the names cannot be written', () => {
    const world = pulled();
    world.files.fail('appendDurably', /storedImages/, 'EIO');
    expect(world.failure(world.store.prune([], []))).toMatchObject({ code: 'EIO' });
    expect(world.layersOnDisk()).toEqual([world.own, world.shared].toSorted());
    expect(world.value(world.store.images())).toHaveLength(2);
  });

  it('refuses before recovery: an incomplete inventory proves nothing', () => {
    const world = new World();
    expect(world.failure(world.store.prune([], []))).toMatchObject({ code: 'NOT_RECOVERED' });
    expect(world.failure(world.store.get(app))).toMatchObject({ code: 'NOT_RECOVERED' });
  });

  it('keeps what a container uses and says which one, of the name and of the layers', () => {
    const world = pulled();
    const users = [
      { name: 'container web', references: ['app', 'oci:/srv/other:1', 'Not A Name'], layers: [world.own] },
    ];

    const plan = world.value(world.store.plan([], [], { users }));
    const report = world.value(world.store.prune([], [], { users }));

    const why = 'used by container web';
    expect(report.kept).toContainEqual({ object: app, why });
    expect(report.kept).toContainEqual({ object: world.own, why });
    expect(report.kept).toContainEqual({ object: world.shared, why: `layer of ${app}` });
    expect(report.unmatchedExclusions).toEqual([]);
    expect(plan.keep).toEqual(expect.arrayContaining([...report.kept]));
    expect(report.removed.images.map(({ reference }) => reference)).toEqual([base]);
  });

  it('keeps what an owner holds, name and layers, until it is released', () => {
    const world = pulled();
    world.value(world.store.get(app, { owner: 'container web' }));

    const report = world.value(world.store.prune([], []));
    expect(report.kept).toContainEqual({ object: app, why: 'in use by container web' });
    expect(world.layersOnDisk()).toEqual([world.own, world.shared].toSorted());

    world.value(world.store.release('container web'));
    world.value(world.store.prune([], []));
    expect(world.layersOnDisk()).toEqual([]);
  });

  it('keeps the layers an owner holds when its tag moves to another image', () => {
    const world = pulled();
    world.value(world.store.get(app, { owner: 'container web' }));
    world.fakePuller.offer(app, ['renewed']);
    world.value(world.store.pull(app, { cached: false }));
    world.value(world.store.prune([], []));
    expect(world.layersOnDisk()).toContain(world.own);
  });

  it('rescues what is rooted while it runs, up to the last rename', () => {
    const world = pulled();
    const proceed = world.files.hold('appendDurably', /storedImages/);
    const pruned = world.store.prune([], []);
    world.settle();
    const image = world.store.get(app, { owner: 'container web' });
    world.settle();
    proceed();

    const report = world.value(pruned);

    expect(world.value(image).layers.map((layer) => layer.id)).toEqual([world.shared, world.own]);
    expect(report.removed.layers).toEqual([]);
    expect(world.layersOnDisk()).toEqual([world.own, world.shared].toSorted());
    expect(world.value(world.store.images()).map(({ reference }) => reference)).toContain(app);
  });

  it('protects until its end what was rooted and released while it ran', () => {
    const world = pulled();
    const proceed = world.files.hold('appendDurably', /storedImages/);
    const pruned = world.store.prune([], []);
    world.settle();
    world.value(world.store.get(app, { owner: 'container web' }));
    world.value(world.store.release('container web'));
    proceed();
    world.value(pruned);
    expect(world.layersOnDisk()).toEqual([world.own, world.shared].toSorted());
    expect(world.value(world.store.roots())).toEqual([]);
  });

  it('checks the roots again before each slice', () => {
    const world = pulled({ pruneSliceSize: 1 });
    const [first, second] = [world.shared, world.own].toSorted();
    const proceed = world.files.hold('rename', new RegExp(`layers/${first}$`));
    const pruned = world.store.prune([], []);
    world.settle();

    const image = world.store.get(app, { owner: 'container web' });
    world.settle();
    proceed();
    const report = world.value(pruned);

    expect(report.removed.layers.map((layer) => layer.id)).toEqual([first]);
    expect(report.kept).toContainEqual({ object: second, why: 'in use by container web' });
    // The layer that was on its way out already is fetched again; nothing half stands in its place.
    expect(world.value(image).layers).toHaveLength(2);
    expect(world.layersOnDisk()).toEqual([first, second]);
  });

  it('keeps what a pull under way needs', () => {
    const world = pulled();
    world.fakePuller.offer('docker.io/library/next:latest', ['shared', 'next']);
    const proceed = world.fakePuller.hold('fetch');
    const next = world.store.pull('next');
    world.settle();

    const report = world.value(world.store.prune([], []));
    expect(report.kept.map(({ object }) => object)).toContain(world.shared);
    expect(report.removed.layers.map((layer) => layer.id)).toEqual([world.own]);
    proceed();

    expect(world.value(next).layers.map((layer) => layer.reused)).toEqual([true, false]);
  });

  it('says which exclusions met no image', () => {
    const world = pulled();
    expect(world.value(world.store.prune(['app', 'nginx'], [])).unmatchedExclusions).toEqual(['nginx']);
  });

  it('does what the plan said, and nothing if the plan no longer holds', () => {
    const world = pulled();
    const plan = world.value(world.store.plan(['base'], []));
    expect(world.layersOnDisk()).toHaveLength(2);

    const stale = world.failure(world.store.prune([], [], { planHash: plan.hash }));
    expect(stale).toMatchObject({ code: 'PLAN_STALE' });
    expect(world.value(world.store.images())).toHaveLength(2);

    const report = world.value(world.store.prune(['base'], [], { planHash: plan.hash }));
    expect(report.removed).toEqual(plan.remove);
    expect(report.bytes.planned).toBe(plan.uniqueBytes);
  });

  it('runs one after another when asked twice', () => {
    const world = pulled();
    const both = [world.store.prune([], []), world.store.prune([], [])];
    world.settle();
    expect(both.map((pruned) => pruned.get().removed.layers.length)).toEqual([2, 0]);
  });

  it('goes on to its end when nobody waits for the answer any more', () => {
    const world = pulled();
    const proceed = world.files.hold('appendDurably', /storedImages/);
    const pruned = world.store.prune([], []);
    world.settle();
    pruned.discard();
    world.settle();
    proceed();
    world.settle();
    expect(world.layersOnDisk()).toEqual([]);
    world.value(world.store.pull(app));
    expect(world.layersOnDisk()).toHaveLength(2);
  });
});

describe('sweep', () => {
  const busy = new JobError('EBUSY', 'a tmpfs is mounted there');

  it('removes everything found in gc, leftovers of a crash included, also at start', () => {
    const world = new World();
    world.files.put(`${world.paths.gc}/left.1/rootfs/file`, 'x');
    world.value(world.store.recover());
    world.value(world.store.swept());
    expect(world.leftovers()).toEqual([]);
  });

  it('lets others go first in the pool, so that unpacking need not wait behind a sweep', () => {
    const world = pulled();
    world.fakePuller.offer('docker.io/library/more:latest', ['third', 'fourth']);
    world.value(world.store.pull('more'));
    world.value(world.store.prune([], []));
    world.value(world.store.swept());
    const removals = world.executor.jobs.filter((job) => job.name === 'os.remove-tree');
    expect(removals).toHaveLength(4);
    expect(removals.every(({ options }) => options?.background)).toBe(true);
    expect(world.leftovers()).toEqual([]);
  });

  it('stops an entry at its first error, counts it, retries it later, and goes on with the rest', () => {
    const world = pulled();
    world.executor.fail('os.remove-tree', new RegExp(world.own), busy, 2);
    world.value(world.store.prune([], []));

    const report = world.value(world.store.swept());
    expect(report).toMatchObject({ removedEntries: 1, failures: [{ code: 'EBUSY', attempts: 1 }] });
    expect(world.leftovers()).toHaveLength(1);

    world.clock.advance(1_000);
    expect(world.value(world.store.swept()).failures).toMatchObject([{ attempts: 2 }]);
    world.clock.advance(1_000);
    expect(world.leftovers()).toHaveLength(1);
    world.clock.advance(1_000);
    expect(world.value(world.store.swept()).failures).toEqual([]);
    expect(world.leftovers()).toEqual([]);
  });

  it('does not try a failed entry before its time because another prune came', () => {
    const world = pulled();
    world.executor.fail('os.remove-tree', /./, busy);
    world.value(world.store.prune([], []));
    const attempts = (): number => world.executor.jobs.filter((job) => job.name === 'os.remove-tree').length;
    const before = attempts();
    world.value(world.store.prune([], []));
    expect(attempts()).toBe(before);
  });

  it('waits longer each time, up to five minutes', () => {
    const world = pulled();
    world.executor.fail('os.remove-tree', /./, busy);
    world.value(world.store.prune(['base'], []));
    world.clock.advance(3_600_000);
    const { failures } = world.value(world.store.swept());
    // 1+2+4+…+256 s make nine retries in 511 s; then one each 300 s.
    expect(failures[0]?.attempts).toBe(1 + 9 + Math.floor((3_600 - 511) / 300));
  });

  it('forgets a failure when somebody else removed the entry', () => {
    const world = pulled();
    world.executor.fail('os.remove-tree', /./, busy);
    world.value(world.store.prune(['base'], []));
    world.files.removeTree(`${world.paths.gc}/${world.files.names(world.paths.gc)[0]}`);
    world.clock.advance(1_000);
    expect(world.value(world.store.swept()).failures).toEqual([]);
  });
});
