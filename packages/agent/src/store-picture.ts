import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { PicturedTrash, StorePicture } from '@keelson/inspector';
import type { PrunePlan } from '@keelson/store';
import { decodeRecord, imageUsages, layerOfTrash, layerRecordFormat, StorePaths } from '@keelson/store';
import { planOf } from './read-only-view.js';
import type { Snapshot } from './snapshot.js';
import { hasEnded, holdersOf } from './snapshot.js';

const MOST_TRASH = 200;

/**
 * The store as the inspector draws it: what stands on what, what a prune would do now and why the rest stays. Pure.
 *
 * @param at  ISO 8601 UTC
 */
export function pictureOf(snapshot: Snapshot, trash: readonly PicturedTrash[], at: string): StorePicture {
  const { store, containers, provisioned } = snapshot;
  const { plan, why } = planned(snapshot);
  const sizes = new Map(imageUsages(store).map((usage) => [usage.reference, usage]));
  const standing = new Map(provisioned.map(({ id, rootfses }) => [id, rootfses]));
  const owners = new Map<string, string[]>();
  for (const { name, layers } of holdersOf(snapshot)) {
    for (const id of layers) owners.set(id, [...(owners.get(id) ?? []), `used by ${name}`]);
  }
  return {
    at,
    containers: containers.map((container) => {
      const { id, state, image } = container.info;
      const rootfses = hasEnded(container) ? [] : (standing.get(id) ?? []);
      const reference = rootfses[0]?.reference ?? image;
      return { id, state, image: reference, layers: [...new Set(rootfses.flatMap(({ layers }) => layers))] };
    }),
    images: store.images.map(({ reference, digest, pinned, layers }) => {
      const { sizeBytes = 0, uniqueBytes = 0 } = sizes.get(reference) ?? {};
      return { reference, digest, sizeBytes, uniqueBytes, pinned, layers, kept: why.get(reference) ?? [] };
    }),
    layers: store.layers.map(({ id, sizeBytes }) => ({ id, sizeBytes, kept: owners.get(id) ?? why.get(id) ?? [] })),
    trash,
    plan,
  };
}

function planned(snapshot: Snapshot): { plan: StorePicture['plan']; why: ReadonlyMap<string, string[]> } {
  let plan: PrunePlan;
  try {
    plan = planOf(snapshot, []);
  } catch (error) {
    return { plan: { refused: (error as Error).message }, why: new Map() };
  }
  const images = plan.remove.images.map(({ reference }) => reference);
  const layers = plan.remove.layers.map(({ id }) => id);
  const why = new Map(plan.keep.map(({ object, why: reason }) => [object, [reason]]));
  return { plan: { images, layers, bytes: plan.uniqueBytes }, why };
}

/** What lies in `gc/` of the root, the newest first: thrown away when it was moved there. */
export async function readTrash(root: string, nowMs: number): Promise<readonly PicturedTrash[]> {
  const { gc } = new StorePaths(root);
  const names = await readdir(gc).catch(() => []);
  const entries = await Promise.all(
    names.slice(0, MOST_TRASH).map(async (name): Promise<PicturedTrash[]> => {
      // It may be swept at any moment.
      const status = await stat(join(gc, name)).catch(() => undefined);
      if (!status) return [];
      const sizeBytes = layerOfTrash(name) && (await recordedBytes(join(gc, name, 'layer.json')));
      return [{ name, sizeBytes: sizeBytes || undefined, ageMs: Math.max(0, nowMs - status.ctimeMs) }];
    }),
  );
  return entries.flat().toSorted((one, other) => one.ageMs - other.ageMs);
}

async function recordedBytes(path: string): Promise<number | undefined> {
  const bytes = await readFile(path).catch(() => undefined);
  const record = bytes && decodeRecord(layerRecordFormat, bytes);
  return record?.ok ? record.value.allocatedBytes : undefined;
}
