import type { PullProgress } from '@keelson/store';
import { StoreError } from '@keelson/store';
import { describe, expect, it } from 'vitest';
import { fakeImage } from './support/fake-puller.js';
import { World } from './support/world.js';

const app = 'docker.io/library/app:latest';
const other = 'docker.io/library/other:latest';

describe('store get', () => {
  it('pulls an unknown image and answers its layers, base first', () => {
    const world = World.ready();
    const { layers } = world.fakePuller.offer(app, ['a', 'bb']);

    const image = world.value(world.store.get('app'));

    expect(image.reference).toBe(app);
    expect(image.layers.map(({ id, sizeBytes }) => ({ id, sizeBytes }))).toEqual([
      { id: layers[0]!.id, sizeBytes: 1 },
      { id: layers[1]!.id, sizeBytes: 2 },
    ]);
    expect(world.files.text(`${image.layers[1]!.rootfs}/content`)).toBe('bb');
    expect(world.leftovers()).toEqual([]);
  });

  it('answers a known image without asking the source, however it is spelled', () => {
    const world = World.ready();
    world.fakePuller.offer(app, ['a']);
    for (const name of ['app', 'library/app', 'docker.io/library/app:latest'])
      world.value(world.store.get(name));
    expect(world.fakePuller.resolved).toEqual([app]);
  });

  it('asks the source again when the cache is not wanted, and fetches nothing if nothing changed', () => {
    const world = World.ready();
    world.fakePuller.offer(app, ['a', 'b']);
    world.value(world.store.pull(app));

    const again = world.value(world.store.pull(app, { cached: false }));

    expect(world.fakePuller.resolved).toEqual([app, app]);
    expect(world.fakePuller.requests[1]?.known?.configDigest).toBeDefined();
    expect(world.fakePuller.fetched).toEqual(['a', 'b']);
    expect(again).toMatchObject({ bytesDownloaded: 0, layers: [{ reused: true }, { reused: true }] });
  });

  it('pulls the same image once, however many ask at once', () => {
    const world = World.ready();
    world.fakePuller.offer(app, ['a', 'b']);
    const images = Array.from({ length: 5 }, () => world.store.get('app'));
    world.settle();
    expect(images.every((image) => image.isReady())).toBe(true);
    expect(world.fakePuller.resolved).toEqual([app]);
    expect(world.fakePuller.fetched).toEqual(['a', 'b']);
  });

  it('goes on for the others when one asker is discarded', () => {
    const world = World.ready();
    world.fakePuller.offer(app, ['a']);
    const proceed = world.fakePuller.hold('fetch');
    const [first, second] = [world.store.get(app), world.store.get(app)];
    world.settle();
    first.discard();
    world.settle();
    expect(first.isDiscarded()).toBe(true);
    proceed();
    expect(world.value(second).layers).toHaveLength(1);
    expect(world.fakePuller.fetched).toEqual(['a']);
  });

  it.each(['resolve', 'fetch'] as const)('gives up during %s when the last asker is discarded', (what) => {
    const world = World.ready();
    world.fakePuller.offer(app, ['a']);
    world.fakePuller.hold(what);
    const askers = [world.store.get(app), world.store.get(app)];
    world.settle();
    for (const asker of askers) asker.discard();
    world.settle();
    expect(world.fakePuller.discards).toBe(1);
    expect(askers.map(String)).toEqual(['Discarded (with discard)', 'Discarded (with discard)']);
    expect(world.leftovers()).toEqual([]);
    expect(world.value(world.store.roots())).toEqual([]);
  });

  it('starts afresh for who asks after the last asker was discarded', () => {
    const world = World.ready();
    world.fakePuller.offer(app, ['a']);
    const proceed = world.fakePuller.hold('fetch');
    const first = world.store.get(app);
    world.settle();
    first.discard();
    const second = world.store.get(app);
    world.settle();
    proceed();
    expect(world.value(second).layers).toHaveLength(1);
    const third = world.store.get(app);
    expect(world.value(third).layers).toHaveLength(1);
    expect(world.fakePuller.resolved).toEqual([app, app]);
  });

  it('fails every asker with the reason, leaves nothing behind, and tries anew the next time', () => {
    const world = World.ready();
    const image = world.fakePuller.offer(app, ['a', 'b']);
    const broken = new StoreError('DIGEST_MISMATCH', 'not what it says');
    world.fakePuller.failFetch('b', image.origin.location, broken);

    const askers = [world.store.get(app), world.store.get(app)];
    world.settle();

    expect(askers.map((asker) => asker.failure())).toEqual([broken, broken]);
    expect(world.leftovers()).toEqual([]);
    expect(world.value(world.store.images())).toEqual([]);
    expect(world.value(world.store.roots())).toEqual([]);
    expect(world.failure(world.store.get(app))).toBe(broken);
  });

  it('pulls again what somebody deleted from the disk', () => {
    const world = World.ready();
    const { layers } = world.fakePuller.offer(app, ['a', 'b']);
    world.value(world.store.get(app));
    world.files.removeTree(world.paths.rootfs(layers[1]!.id));

    const image = world.value(world.store.get(app));

    expect(world.files.text(`${image.layers[1]!.rootfs}/content`)).toBe('b');
    expect(world.fakePuller.fetched).toEqual(['a', 'b', 'b']);
    expect(world.files.names(world.paths.quarantine)).toHaveLength(1);
  });

  it('shares the one download and the one unpacking of a layer between two images', () => {
    const world = World.ready();
    world.fakePuller.offer(app, ['shared', 'a']);
    world.fakePuller.offer(other, ['shared', 'b']);
    const both = [world.store.get(app), world.store.get(other)];
    world.settle();
    expect(both.every((image) => image.isReady())).toBe(true);
    expect(world.fakePuller.fetched.toSorted()).toEqual(['a', 'b', 'shared']);
    expect(world.executor.unpacked()).toHaveLength(3);
  });

  it('unpacks one blob over two bases twice, and downloads it once', () => {
    const world = World.ready();
    world.fakePuller.offer(app, ['one', 'same']);
    world.fakePuller.offer(other, ['two', 'same']);
    const both = [world.store.get(app), world.store.get(other)];
    world.settle();
    const tops = both.map((image) => image.get().layers[1]!.id);
    expect(tops[0]).not.toBe(tops[1]);
    expect(world.fakePuller.fetched.filter((text) => text === 'same')).toHaveLength(1);
  });

  it('takes a shared layer from its own source when the source of the other pull fails', () => {
    const world = World.ready();
    const image = world.fakePuller.offer(app, ['shared']);
    world.fakePuller.offer(other, ['shared']);
    const proceed = world.fakePuller.hold('fetch');
    const [first, second] = [world.store.get(app), world.store.get(other)];
    world.settle();
    world.fakePuller.failFetch(
      'shared',
      image.origin.location,
      new StoreError('REGISTRY_UNREACHABLE', 'gone'),
    );
    proceed();
    expect(world.failure(first)).toMatchObject({ code: 'REGISTRY_UNREACHABLE' });
    expect(world.value(second).layers).toHaveLength(1);
  });

  it('takes a shared blob from its own source too, where it stands on another layer', () => {
    const world = World.ready();
    const image = world.fakePuller.offer(app, ['base', 'shared']);
    world.fakePuller.offer(other, ['another', 'shared']);
    const proceed = world.fakePuller.hold('fetch');
    const [first, second] = [world.store.get(app), world.store.get(other)];
    world.settle();
    const { location } = image.origin;
    world.fakePuller.failFetch('shared', location, new StoreError('REGISTRY_UNREACHABLE', 'gone'));
    proceed();
    expect(world.failure(first)).toMatchObject({ code: 'REGISTRY_UNREACHABLE' });
    expect(world.value(second).layers).toHaveLength(2);
  });

  it('unpacks bottom up, each layer over all below it', () => {
    const world = World.ready();
    const { layers } = world.fakePuller.offer(app, ['a', 'b', 'c']);
    world.value(world.store.get(app));
    expect(world.executor.unpacked()).toEqual(layers.map((layer) => layer.diffId));
    const last = world.executor.jobs.findLast((job) => job.name === 'store.unpack-layer');
    expect(last?.input).toMatchObject({
      lower: [{ rootfs: world.paths.rootfs(layers[0]!.id) }, { rootfs: world.paths.rootfs(layers[1]!.id) }],
      expectedDiffId: layers[2]!.diffId,
      privileged: true,
    });
  });

  it('builds on a layer that is not durable yet, and publishes it after that one', () => {
    const world = World.ready();
    const { layers } = world.fakePuller.offer(app, ['a', 'b', 'c']);
    const proceed = world.files.hold('syncFileSystem', /staging/);
    const image = world.store.get(app);
    world.settle();

    expect(world.executor.unpacked()).toEqual(layers.map((layer) => layer.diffId));
    const last = world.executor.jobs.findLast((job) => job.name === 'store.unpack-layer')!;
    const { lower } = last.input as { lower: { rootfs: string; stagedRootfs: string }[] };
    expect(lower.map(({ rootfs }) => rootfs)).toEqual(layers.slice(0, 2).map(({ id }) => world.paths.rootfs(id)));
    expect(lower.map(({ stagedRootfs }) => world.files.text(`${stagedRootfs}/content`))).toEqual(['a', 'b']);
    expect(world.layersOnDisk()).toEqual([]);

    world.files.changes.length = 0;
    proceed();
    world.value(image);
    const renamed = world.files.changes.filter((change) => /^rename .*layers\//.test(change));
    const order = renamed.map((change) => layers.findIndex(({ id }) => change.endsWith(world.paths.layer(id))));
    expect(order).toEqual([0, 1, 2]);
    // One for the first, which was under way, and one for the two that came meanwhile.
    expect(world.files.changes.filter((change) => /^sync .*staging$/.test(change))).toHaveLength(2);
  });

  it('fails with what its lowest layer failed with, and leaves nothing behind', () => {
    const world = World.ready();
    world.fakePuller.offer(app, ['a', 'b', 'c']);
    const proceed = world.executor.hold('store.unpack-layer');
    const image = world.store.get(app);
    world.settle();
    world.files.fail('writeDurably', /layer\.json/, 'ENOSPC', 1);
    proceed();
    expect(world.failure(image)).toMatchObject({ code: 'ENOSPC' });
    expect([...world.layersOnDisk(), ...world.leftovers()]).toEqual([]);
    expect(world.value(world.store.get(app)).layers).toHaveLength(3);
  });

  it('makes a layer durable before its one rename, and stores the image last', () => {
    const world = World.ready();
    const { layers } = world.fakePuller.offer(app, ['a']);
    world.files.changes.length = 0;
    world.value(world.store.get(app));
    const changes = world.files.changes.filter((change) =>
      /layer\.json|sync|layers\/|storedImages/.test(change),
    );
    expect(changes.map((change) => change.split(' ')[0])).toEqual(['sync', 'write', 'rename', 'write', 'write']);
    expect(changes[2]).toContain(world.paths.layer(layers[0]!.id));
    expect(changes[3]).toContain('storedImages');
    // Last of all, that it was used.
    expect(changes[4]).toContain('storedImages');
  });

  it('has three transfers at once from one repository, and others from another beside them', () => {
    const world = World.ready();
    world.fakePuller.offer(app, ['a', 'b', 'c', 'd', 'e']);
    world.fakePuller.offer(other, ['z']);
    const proceed = world.fakePuller.hold('fetch');
    const both = [world.store.get(app), world.store.get(other)];
    world.settle();
    expect(world.fakePuller.fetched).toEqual(['a', 'b', 'c', 'z']);
    proceed();
    world.settle();
    expect(both.every((image) => image.isReady())).toBe(true);
  });

  it('takes away whatever lies in the place of a layer it does not know', () => {
    const world = World.ready();
    const { layers } = world.fakePuller.offer(app, ['a']);
    world.files.put(`${world.paths.layer(layers[0]!.id)}/strange`, 'x');
    const image = world.value(world.store.get(app));
    expect(world.files.text(`${image.layers[0]!.rootfs}/content`)).toBe('a');
    expect(world.files.names(world.paths.quarantine)).toHaveLength(1);
  });

  it('lets an owner that was released during the pull hold nothing', () => {
    const world = World.ready();
    world.fakePuller.offer(app, ['a']);
    const proceed = world.fakePuller.hold('resolve');
    const image = world.store.get(app, { owner: 'container web' });
    world.settle();
    world.value(world.store.release('container web'));
    proceed();
    world.value(image);
    expect(world.value(world.store.roots())).toEqual([]);
  });

  it('holds reference, digest and layers for an owner once the image is known', () => {
    const world = World.ready();
    const resolved = world.fakePuller.offer(app, ['a', 'b']);
    world.value(world.store.get(app, { owner: 'container web' }));
    expect(world.value(world.store.roots())).toEqual([
      {
        owner: 'container web',
        references: new Set([app]),
        digests: new Set([resolved.digest]),
        layers: new Set(resolved.layers.map((layer) => layer.id)),
      },
    ]);
  });

  it('roots every layer for as long as it runs, whatever becomes of its askers', () => {
    const world = World.ready();
    const { layers } = world.fakePuller.offer(app, ['a', 'b']);
    const proceed = world.fakePuller.hold('fetch');
    const image = world.store.get(app, { owner: 'container web' });
    world.settle();
    world.value(world.store.release('container web'));

    expect(world.value(world.store.roots())).toMatchObject([
      { references: new Set([app]), layers: new Set(layers.map((layer) => layer.id)) },
    ]);
    proceed();
    world.value(image);
    expect(world.value(world.store.roots())).toEqual([]);
  });

  it('notes the use of an image', () => {
    const world = World.ready();
    world.fakePuller.offer(app, ['a']);
    world.value(world.store.get(app));
    world.clock.advance(5_000);
    world.settle();
    expect(world.value(world.store.images())[0]?.lastUsedAt).toBe('2026-01-01T00:00:00.000Z');
  });

  it('does not let loading an image take a name that means something else, unless forced', () => {
    const world = World.ready();
    world.fakePuller.offer(app, ['a']);
    world.value(world.store.get(app));
    const loaded = fakeImage(app, ['loaded']);
    const extra = { reference: app, loadedFrom: 'oci:/images/app', origin: loaded.origin };
    world.fakePuller.offer('oci:/images/app', ['loaded'], extra);

    expect(world.failure(world.store.pull('oci:/images/app'))).toMatchObject({ code: 'NAME_TAKEN' });
    expect(world.value(world.store.pull('oci:/images/app', { cached: false })).digest).toBe(loaded.digest);
  });

  it('loads a loaded name again from where it came, and never from a registry', () => {
    const world = World.ready();
    const name = 'localhost/app:latest';
    const image = world.fakePuller.offer('oci:/images/app', ['a'], {
      reference: name,
      loadedFrom: 'oci:/images/app',
    });
    world.value(world.store.pull('oci:/images/app'));
    world.files.removeTree(world.paths.layer(image.layers[0]!.id));
    const scheme = (): string | undefined => world.fakePuller.requests.at(-1)?.source.scheme;
    world.fakePuller.offer(name, ['a'], { reference: name, loadedFrom: 'oci:/images/app' });

    world.value(world.store.get(name));

    expect(scheme()).toBe('oci');
  });
});

describe('a hostile image', () => {
  it('that announces more than an image may have is refused before any of it is fetched', () => {
    const world = World.ready(undefined, { maxImageBytes: 5 });
    world.fakePuller.offer(app, ['abc', 'def']);
    world.fakePuller.offer(other, ['abc', 'de']);
    expect(world.failure(world.store.get(app))).toMatchObject({ code: 'LIMIT_EXCEEDED' });
    expect(world.fakePuller.fetched).toEqual([]);
    expect(world.value(world.store.get(other)).layers).toHaveLength(2);
  });
});

describe('pull progress', () => {
  it('tells how each layer gets here', () => {
    const world = World.ready();
    world.fakePuller.offer(other, ['have']);
    world.value(world.store.pull(other));
    const { layers } = world.fakePuller.offer(app, ['have', 'new']);
    const told: PullProgress[] = [];

    world.value(world.store.pull(app, { onProgress: (progress) => told.push(progress) }));

    expect(told[0]).toMatchObject({ kind: 'resolved', reference: app });
    const states = (digest: string): string[] =>
      told.flatMap((each) => (each.kind === 'layer' && each.digest === digest ? [each.state] : []));
    expect(states(layers[0]!.digest)).toEqual(['reused']);
    expect(states(layers[1]!.digest)).toEqual(['downloading', 'unpacking', 'done']);
  });

  it('tells a late asker first where things stand', () => {
    const world = World.ready();
    const { layers } = world.fakePuller.offer(app, ['a', 'b']);
    const proceed = world.fakePuller.hold('fetch');
    const first = world.store.get(app);
    world.settle();
    const told: PullProgress[] = [];
    const second = world.store.get(app, { onProgress: (progress) => told.push(progress) });
    world.settle();

    expect(told.map((each) => each.kind)).toEqual(['resolved', 'layer', 'layer']);
    proceed();
    world.settle();
    expect([first, second].every((image) => image.isReady())).toBe(true);
    expect(told.at(-1)).toMatchObject({ digest: layers[1]!.digest, state: 'done' });
  });

  it('tells of a known image that all its layers are here', () => {
    const world = World.ready();
    world.fakePuller.offer(app, ['a', 'b']);
    world.value(world.store.pull(app));
    const told: PullProgress[] = [];
    world.value(world.store.pull(app, { onProgress: (progress) => told.push(progress) }));
    expect(told.map((each) => (each.kind === 'layer' ? each.state : each.reference))).toEqual([
      app,
      'reused',
      'reused',
    ]);
  });

  it('is not harmed by a listener that throws', () => {
    const world = World.ready();
    world.fakePuller.offer(app, ['a']);
    const onProgress = (): void => {
      throw new Error('listener');
    };
    expect(world.value(world.store.get(app, { onProgress })).layers).toHaveLength(1);
  });
});
