import { createHash } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { encodeRecord, layerRecordFormat, StorePaths } from '@keelson/store';

const hash = (text) => createHash('sha256').update(text).digest('hex');

/**
 * Puts a store of `images` images on the disk, as an agent would have left it. Each has a layer of its own over one of
 * ten bases; each layer holds `files` small files.
 */
export function fillStore(root, { images, files }) {
  const paths = new StorePaths(root);
  for (const directory of paths.directories()) mkdirSync(directory, { recursive: true, mode: 0o700 });
  const lines = [];
  const made = new Set();
  for (let n = 0; n < images; n += 1) {
    const layers = [hash(`base ${n % 10}`), hash(`own ${n}`)];
    for (const id of layers) {
      if (!made.has(id)) writeLayer(paths, id, files);
      made.add(id);
    }
    lines.push(encodeRecord({ name: 'keelson.images', version: 1, parse: (value) => value }, { op: 'put', image: imageOf(n, layers) }));
  }
  writeFileSync(paths.storedImages, Buffer.concat(lines), { mode: 0o600 });
}

function writeLayer(paths, id, files) {
  const rootfs = paths.rootfs(id);
  mkdirSync(join(rootfs, 'etc'), { recursive: true });
  for (let file = 0; file < files; file += 1) writeFileSync(join(rootfs, 'etc', `file-${file}`), 'some content\n');
  const record = {
    id,
    diffId: `sha256:${id}`,
    sizeBytes: 13 * files,
    allocatedBytes: 4096 * files,
    entries: files + 1,
    whiteouts: [],
    opaques: [],
    blob: { digest: `sha256:${id}`, sizeBytes: 100 },
    createdAt: '2026-01-01T00:00:00.000Z',
  };
  writeFileSync(paths.layerRecord(id), encodeRecord(layerRecordFormat, record));
}

function imageOf(n, layers) {
  return {
    reference: `registry.test/image-${n}:latest`,
    digest: `sha256:${hash(`manifest ${n}`)}`,
    configDigest: `sha256:${hash(`config ${n}`)}`,
    config: { env: [], entrypoint: [], cmd: ['true'], diffIds: layers.map((id) => `sha256:${id}`) },
    platform: { os: 'linux', architecture: 'amd64' },
    layers,
    layerBlobs: layers.map((id) => ({ digest: `sha256:${id}`, sizeBytes: 100 })),
    sizeBytes: 100,
    pulledAt: '2026-01-01T00:00:00.000Z',
    pinned: false,
  };
}
