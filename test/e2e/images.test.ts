import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import { needs } from '../support/needs.js';
import type { Keelson } from './support/keelson.js';
import { describeTree, differenceOf } from './support/tree.js';
import { useWorld, wanted } from './support/world.js';

describe('images from a registry', () => {
  const world = useWorld({ debian: true });
  /** Both backends make their trees of one pull, and are compared with one unpacking. */
  let provisioning: Keelson | undefined;
  const unpacked = new Map<string, Map<string, string>>();
  beforeEach((context) => needs(context, ...wanted, 'debootstrap'));

  it('are pulled once, layer by layer, and only what is missing is fetched again', async () => {
    const keelson = world.keelson();
    const first = await keelson.json('pull', world.reference('web'));
    expect(first.images).toHaveLength(1);
    expect(first.images[0].reference).toBe(world.reference('web'));
    expect(first.images[0].digest).toMatch(/^sha256:[0-9a-f]{64}$/);
    expect(first.images[0].layers).toHaveLength(3);
    expect(first.images[0].layers.every((layer: any) => layer.reused === false && layer.sizeBytes > 0)).toBe(true);
    const firstBlobs = blobsOf(await world.registry.takeAccesses());
    expect(firstBlobs).toHaveLength(4);
    expect(new Set(firstBlobs).size).toBe(4);

    const second = await keelson.json('pull', world.reference('app'));
    expect(second.images[0].layers.map((layer: any) => layer.reused)).toEqual([true, true]);
    expect(blobsOf(await world.registry.takeAccesses())).toHaveLength(1);

    const again = await keelson.json('pull', '--force', world.reference('app'));
    expect(again.images[0].bytesDownloaded).toBe(0);
    expect(blobsOf(await world.registry.takeAccesses())).toEqual([]);

    const layers = readdirSync(join(keelson.root, 'store/docker/layers')).toSorted();
    const named = [...first.images[0].layers, ...second.images[0].layers].map((layer: any) => layer.id);
    expect(layers).toEqual([...new Set(named)].toSorted());
    expect(readdirSync(join(keelson.root, 'store/docker/staging'))).toEqual([]);
  });

  it('are chosen by platform from an index', async () => {
    const keelson = world.keelson();
    const pulled = await keelson.json('pull', '--platform', 'linux/arm64', world.reference('many'));
    expect(pulled.images[0].indexDigest).toMatch(/^sha256:/);
    expect(pulled.images[0].digest).not.toBe(pulled.images[0].indexDigest);
    const missing = await keelson.run('pull', '--platform', 'linux/s390x', world.reference('many'));
    expect(missing.exitCode).toBe(1);
    expect(missing.stderr).toMatch(/^keelson: PLATFORM_NOT_FOUND: /m);
  });

  it('come from an OCI layout folder too', async () => {
    const keelson = world.keelson();
    const pulled = await keelson.json('pull', `oci:${world.corpus.layout}:whiteouts`);
    expect(pulled.images[0].layers).toHaveLength(3);
    const { images } = await keelson.json('images');
    expect(images.map((image: any) => image.reference)).toEqual([pulled.images[0].reference]);
  });

  it('are refused with a code when the registry has no such image', async () => {
    const missing = await world.keelson().run('--json', 'pull', `${world.registry.address}/nothing:here`);
    expect(missing.exitCode).toBe(1);
    expect(missing.stderr).toMatch(/^keelson: IMAGE_NOT_FOUND: /m);
    expect(JSON.parse(missing.stdout).error.code).toBe('IMAGE_NOT_FOUND');
  });

  it.each([
    ['busybox', 'overlay'],
    ['busybox', 'copy'],
    ['web', 'overlay'],
    ['web', 'copy'],
    ['whiteouts', 'overlay'],
    ['whiteouts', 'copy'],
    ['debian', 'overlay'],
    ['debian', 'copy'],
  ])('give the tree umoci unpacks: %s by %s', async (tag, backend) => {
    const keelson = (provisioning ??= world.keelson());
    const { rootfs, containerId, layers } = await keelson.json('provision', '--backend', backend, world.reference(tag));
    expect(layers.length).toBeGreaterThan(0);
    const ours = describeTree(rootfs);
    expect(ours.size).toBeGreaterThan(10);
    if (!unpacked.has(tag)) unpacked.set(tag, describeTree(world.corpus.unpack(tag)));
    expect(differenceOf(unpacked.get(tag)!, ours)).toEqual([]);
    expect(await keelson.json('destroy', containerId)).toEqual({ containerId, destroyed: true });
  });
});

function blobsOf(accesses: readonly { method: string; path: string }[]): string[] {
  return accesses.filter(({ method, path }) => method === 'GET' && path.includes('/blobs/')).map(({ path }) => path);
}
