import { encodeRecord, layerRecordFormat } from '@keelson/store';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { LocalFiles } from '@keelson/os';
import type { LayerRecord } from '@keelson/store';
import { scanLayers, StorePaths } from '@keelson/store';
import { describe, expect, it } from 'vitest';
import { InlineExecutor } from './support/store-on-disk.js';

const idOf = (index: number) => index.toString(16).padStart(64, '0');

function recordOf(id: string, whiteouts: string[] = []): LayerRecord {
  const digest = `sha256:${id}` as const;
  const counts = { sizeBytes: 1, allocatedBytes: 4096, entries: 1 };
  const createdAt = '2026-01-01T00:00:00.000Z';
  return { id, diffId: digest, ...counts, whiteouts, opaques: [], blob: { digest, sizeBytes: 1 }, createdAt };
}

describe('a store of more than a thousand layers', () => {
  it('is read by workers as it is one by one, whatever is wrong with some', async ({ onTestFinished }) => {
    const root = mkdtempSync(join(tmpdir(), 'keelson-many-'));
    onTestFinished(() => rmSync(root, { recursive: true }));
    const paths = new StorePaths(root);
    for (let index = 0; index < 1_010; index += 1) {
      mkdirSync(paths.rootfs(idOf(index)), { recursive: true });
      const large = index === 1 ? Array.from({ length: 2_000 }, (_, name) => `path/to/${name}`) : [];
      writeFileSync(paths.layerRecord(idOf(index)), encodeRecord(layerRecordFormat, recordOf(idOf(index), large)));
    }
    writeFileSync(paths.layerRecord(idOf(2)), 'damaged');
    writeFileSync(paths.layerRecord(idOf(3)), '');
    writeFileSync(paths.layerRecord(idOf(4)), encodeRecord(layerRecordFormat, recordOf(idOf(5))));
    rmSync(paths.rootfs(idOf(6)), { recursive: true });
    rmSync(paths.layerRecord(idOf(7)));
    rmSync(paths.layerRecord(idOf(8)));
    symlinkSync(paths.layerRecord(idOf(9)), paths.layerRecord(idOf(8)));
    mkdirSync(`${paths.layers}/stranger`);

    const files = new LocalFiles();
    const executor = new InlineExecutor();
    const [alone, together] = [await scanLayers(paths, files), await scanLayers(paths, files, executor)];

    expect(together.layers.toSorted(byId)).toEqual(alone.layers.toSorted(byId));
    expect(together.problems.toSorted(byObject)).toEqual(alone.problems.toSorted(byObject));
    expect(together.layers).toHaveLength(1_004);
    expect(together.problems.map(({ code }) => code).toSorted()).toEqual([
      'CORRUPT', 'CORRUPT', 'CORRUPT', 'CORRUPT', 'EMPTY', 'ROOTFS_MISSING', 'UNKNOWN',
    ]);
    expect(executor.names).toEqual(Array.from({ length: 5 }, () => 'store.read-layers'));
  });
});

const byId = (a: { id: string }, b: { id: string }) => a.id.localeCompare(b.id);
const byObject = (a: { object: string }, b: { object: string }) => a.object.localeCompare(b.object);
