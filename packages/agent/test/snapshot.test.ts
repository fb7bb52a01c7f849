import { describe, expect, it } from 'vitest';
import { checkConsistency } from '../src/consistency.js';
import { listContainers } from '../src/container-listing.js';
import { diskUsage } from '../src/disk-usage.js';
import { listImages } from '../src/image-listing.js';
import { namedObject } from '../src/named-object.js';
import { planOf } from '../src/read-only-view.js';
import type { Snapshot } from '../src/snapshot.js';
import { holdersOf } from '../src/snapshot.js';

const [base, tools, mine, theirs] = ['a', 'b', 'c', 'd'].map((digit) => digit.repeat(64)) as [
  string,
  string,
  string,
  string,
];
const alpine = 'docker.io/library/alpine:latest';
const mysql = 'docker.io/library/mysql:8';

/** Two images that share `base`; container `web` stands on alpine, `old` stood on mysql and has ended. */
function snapshot(changes: Partial<Snapshot> = {}): Snapshot {
  const image = (reference: string, layers: string[], sizeBytes: number) => ({
    reference,
    digest: `sha256:${layers.at(-1)}`,
    layers,
    sizeBytes,
    pulledAt: '2026-01-01T00:00:00.000Z',
    pinned: false,
  });
  const layer = (id: string, sizeBytes: number) => ({ id, sizeBytes });
  const rootfs = (reference: string, layers: string[]) => ({
    reference,
    layers,
    rootfs: '/r',
    rootfsId: '1',
    backend: 'copy',
    digest: 'sha256:0',
  });
  return {
    store: {
      storeVersion: 7,
      images: [image(mysql, [base, theirs], 110), image(alpine, [base, mine], 130)],
      layers: [layer(base, 100), layer(tools, 50), layer(mine, 30), layer(theirs, 10)],
      problems: [],
    },
    containers: [
      {
        info: { id: 'web', state: 'RUNNING', image: 'alpine', pid: 7, createdAt: '2026-01-02T00:00:00.000Z' },
        config: {},
      },
      {
        info: {
          id: 'old',
          state: 'EXITED',
          image: 'mysql:8',
          exitStatus: 3,
          createdAt: '2026-01-01T00:00:00.000Z',
        },
        config: {},
      },
    ],
    provisioned: [{ id: 'web', rootfses: [rootfs(alpine, [base, mine])] }],
    ...changes,
  } as unknown as Snapshot;
}

describe('who keeps images and layers alive', () => {
  it('is every container that has not ended, with all of its images', () => {
    expect(holdersOf(snapshot())).toEqual([
      { name: 'container web', references: [alpine], layers: [base, mine] },
    ]);
  });

  it('is a root filesystem that still stands, too, though its container has ended: but it keeps no name', () => {
    const { containers, provisioned } = snapshot();
    const ended = containers.map((container) => ({
      ...container,
      info: { ...container.info, state: 'EXITED' as const },
    }));
    expect(holdersOf({ containers: ended, provisioned })).toEqual([
      { name: 'container web', references: [], layers: [base, mine] },
    ]);
  });
});

describe('listing images', () => {
  it('tells what is shared, what is theirs alone and who uses them, in order', () => {
    expect(
      listImages(snapshot()).map(({ reference, sizeBytes, uniqueBytes, sharedBytes, usedBy }) => [
        reference,
        sizeBytes,
        uniqueBytes,
        sharedBytes,
        usedBy,
      ]),
    ).toEqual([
      [alpine, 130, 30, 100, ['web']],
      [mysql, 110, 10, 100, []],
    ]);
    expect(listImages(snapshot())[0]).toMatchObject({ created: null, lastUsedAt: null, pinned: false });
  });
});

describe('listing containers', () => {
  it('puts the oldest first and says null where nothing is known', () => {
    expect(
      listContainers(snapshot().containers).map(({ id, state, pid, exitStatus }) => [
        id,
        state,
        pid,
        exitStatus,
      ]),
    ).toEqual([
      ['old', 'EXITED', null, 3],
      ['web', 'RUNNING', 7, null],
    ]);
  });
});

describe('a plan', () => {
  it('removes what nobody uses, keeps the rest and says why', () => {
    const plan = planOf(snapshot(), ['busybox']);
    expect(plan.remove.images.map(({ reference, uniqueBytes }) => [reference, uniqueBytes])).toEqual([
      [mysql, 10],
    ]);
    expect(plan.remove.layers).toEqual([
      { id: tools, sizeBytes: 50 },
      { id: theirs, sizeBytes: 10 },
    ]);
    expect(plan.keep.find(({ object }) => object === alpine)?.why).toBe('used by container web');
    expect(plan.keep.find(({ object }) => object === base)?.why).toBe('used by container web');
    expect(plan).toMatchObject({ storeVersion: 7, unmatchedExclusions: ['busybox'], uniqueBytes: 60 });
  });

  it('refuses, naming the container, when what it stands on cannot be told', () => {
    const provisioned = [
      { id: 'web', rootfses: [], layersUnknown: 'The layers of container web cannot be read' },
    ];
    expect(() => planOf(snapshot({ provisioned }), [])).toThrow(
      expect.objectContaining({ code: 'INVENTORY_INCOMPLETE', message: expect.stringContaining('web') }),
    );
  });

  it('refuses, naming the container, when a live one has no readable configuration', () => {
    const containers = snapshot().containers.map(({ info }) => ({ info }));
    expect(() => planOf(snapshot({ containers }), [])).toThrow(/container web/);
    expect(() => planOf(snapshot({ containers: containers.slice(1) }), [])).not.toThrow();
  });
});

describe('disk usage', () => {
  it('counts a shared layer once, and calls live what containers stand on', () => {
    const foreign = { trashBytes: 1, stagingBytes: 2, unaccountedBytes: 3 };
    expect(diskUsage(snapshot(), foreign)).toMatchObject({ liveBytes: 130, cachedBytes: 60, ...foreign });
  });
});

describe('naming an object', () => {
  const { store } = snapshot();
  it.each([
    [base, base],
    [`sha256:${base}`, base],
    [base.slice(0, 12), base],
    ['alpine', alpine],
    ['docker.io/library/mysql:8', mysql],
    [`sha256:${theirs}`, theirs],
  ])('understands %s', (text, object) => expect(namedObject(store, text)).toBe(object));

  it('understands where an image came from, unless several came from there', () => {
    const image = (reference: string) => ({ reference, digest: `sha256:${theirs}`, loadedFrom: 'oci:/images:app' });

    expect(namedObject({ images: [image('localhost/images:app')], layers: [] }, 'oci:/images:app')).toBe(
      'localhost/images:app',
    );
    const several = { images: [image('localhost/a:1'), image('localhost/b:1')], layers: [] };
    expect(() => namedObject(several, 'oci:/images:app')).toThrow(expect.objectContaining({ code: 'NO_SUCH_OBJECT' }));
  });

  it.each(['nginx', 'aaaaaaaaaaa', 'Not A Name', 'e'.repeat(64)])('does not know %s', (text) => {
    expect(() => namedObject(store, text)).toThrow(expect.objectContaining({ code: 'NO_SUCH_OBJECT' }));
  });
});

describe('a check', () => {
  it('finds a whole store in order, unreferenced layers included', () => {
    expect(checkConsistency(snapshot())).toEqual({ ok: true, problems: [], repaired: [] });
  });

  it('looks both ways: what is on disk and unknown, and what is recorded and missing', () => {
    const { store } = snapshot();
    const damaged = {
      ...store,
      layers: store.layers.filter(({ id }) => id !== mine),
      problems: [{ object: 'x', code: 'UNKNOWN' as const, why: 'not a layer id' }],
    };
    const { ok, problems } = checkConsistency(snapshot({ store: damaged }));
    expect(ok).toBe(false);
    expect(problems.map(({ code, object }) => [code, object])).toEqual([
      ['UNKNOWN', 'x'],
      ['LAYER_MISSING', alpine],
      ['LAYER_MISSING', 'web'],
    ]);
  });
});
