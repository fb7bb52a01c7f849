import { digestOf } from '@keelson/image';
import { FileError } from '@keelson/os/ports';
import type { DiskNode, Inode } from './files/disk-state.js';
import type { Place } from './files/disk-walk.js';
import { walk } from './files/disk-walk.js';
import type { SimulatedDisk } from './files/simulated-disk.js';
import type { SimulatedJob } from './simulated-executor.js';

/**
 * Twins of the pool's jobs on a simulated disk, split where a real one can be interrupted:
 * `store.unpack-layer` makes one file a step, `os.remove-tree` removes one entry a step,
 * `provisioner.copy-layers` copies one layer a step.
 */
export function simulatedJobs(disk: () => SimulatedDisk): Readonly<Record<string, SimulatedJob>> {
  return {
    'store.unpack-layer': (input) => unpackLayer(disk(), input as UnpackInput),
    'store.hash-tree': (input) => hashTree(disk(), (input as { path: string }).path),
    'store.sync-tree': (input) => syncTree(disk(), input as { path: string }),
    'os.remove-tree': (input) => removeTree(disk(), (input as { path: string }).path),
    'provisioner.copy-layers': (input) => copyLayers(disk(), input as CopyInput),
  };
}

interface UnpackInput {
  readonly blobPath: string;
  readonly target: string;
  readonly expectedDiffId: string;
}

interface CopyInput {
  readonly layers: readonly { readonly rootfs: string }[];
  readonly target: string;
}

function* unpackLayer(disk: SimulatedDisk, input: UnpackInput): Generator<string, unknown, void> {
  const blob = walk(disk, input.blobPath, 'open').node;
  if (blob?.kind !== 'file') {
    throw new FileError('ENOENT', 'open', input.blobPath, `there is no blob ${input.blobPath}`);
  }
  if (digestOf(blob.content) !== input.expectedDiffId) {
    throw Object.assign(new Error(`the blob is not ${input.expectedDiffId}`), { code: 'DIFF_ID_MISMATCH' });
  }
  const files = JSON.parse(new TextDecoder().decode(blob.content)) as Record<string, string>;
  const whiteouts: string[] = [];
  const root = makeDirectory(disk, `${input.target}/rootfs`);
  let sizeBytes = 0;
  for (const [name, text] of Object.entries(files)) {
    yield `write ${name}`;
    if (name.startsWith('.wh.')) whiteouts.push(name.slice('.wh.'.length));
    else disk.create(root, name, { kind: 'file', content: new TextEncoder().encode(text), mode: 0o644 });
    sizeBytes += text.length;
  }
  yield 'finish';
  const entries = Object.keys(files).length + 1;
  const allocatedBytes = 4096 * entries;
  const nothingSkipped = { skipped: [], skippedCount: 0 };
  const diffId = input.expectedDiffId;
  const forHash = { contents: new Uint8Array(), plain: true };
  return { whiteouts, opaques: [], sizeBytes, allocatedBytes, entries, diffId, ...forHash, ...nothingSkipped };
}

function* hashTree(disk: SimulatedDisk, path: string): Generator<string, unknown, void> {
  yield `hash ${path}`;
  return { digest: flatTreeDigest(disk, path) };
}

/** Of names and contents of a flat tree: all that simulated layers have. */
function flatTreeDigest(disk: SimulatedDisk, path: string): string {
  const parts = [...entriesOf(walk(disk, path, 'open').node)].map(([name, inode]) => {
    const node = disk.node(inode);
    return [name, node?.kind === 'file' ? new TextDecoder().decode(node.content) : ''];
  });
  return digestOf(new TextEncoder().encode(JSON.stringify(parts.toSorted())));
}

function* syncTree(disk: SimulatedDisk, { path }: { path: string }): Generator<string, unknown, void> {
  yield `sync ${path}`;
  disk.syncAll();
  return {};
}

/** Depth first, one entry a step; what is gone already is fine. */
function* removeTree(disk: SimulatedDisk, path: string): Generator<string, unknown, void> {
  let unlinkedBytes = 0;
  let entries = 0;
  const pending: { directory: Inode; name: string; entered: boolean }[] = [];
  const top = placeOf(disk, path);
  if (top?.inode === undefined) return { unlinkedBytes, entries };
  pending.push({ directory: top.directory, name: top.name, entered: false });
  for (let entry = pending.pop(); entry !== undefined; entry = pending.pop()) {
    const inode = entriesOf(disk.node(entry.directory)).get(entry.name);
    const node = inode === undefined ? undefined : disk.node(inode);
    if (inode === undefined || node === undefined) continue;
    if (node.kind === 'directory' && !entry.entered) {
      pending.push({ ...entry, entered: true });
      for (const name of node.entries.keys()) pending.push({ directory: inode, name, entered: false });
      continue;
    }
    yield `remove ${entry.name}`;
    disk.change({ kind: 'unlink', directory: entry.directory, name: entry.name });
    unlinkedBytes += 4096;
    entries += 1;
  }
  return { unlinkedBytes, entries };
}

/** `undefined` where not even the parent is there. */
function placeOf(disk: SimulatedDisk, path: string): Place | undefined {
  try {
    return walk(disk, path, 'unlink');
  } catch (error) {
    if (error instanceof FileError && error.code === 'ENOENT') return undefined;
    throw error;
  }
}

function* copyLayers(disk: SimulatedDisk, { layers, target }: CopyInput): Generator<string, unknown, void> {
  const root = makeDirectory(disk, target);
  let entries = 0;
  for (const layer of layers) {
    yield `copy ${layer.rootfs}`;
    const source = walk(disk, layer.rootfs, 'open').node;
    if (source?.kind !== 'directory') {
      throw new FileError('ENOENT', 'open', layer.rootfs, `layer ${layer.rootfs} is missing`);
    }
    for (const [name, inode] of source.entries) {
      const node = disk.node(inode);
      if (node === undefined || entriesOf(disk.node(root)).has(name)) continue;
      disk.create(root, name, node);
      entries += 1;
    }
  }
  return { entries, bytes: 0, skipped: [], skippedCount: 0 };
}

function makeDirectory(disk: SimulatedDisk, path: string): Inode {
  const place = walk(disk, path, 'mkdir');
  const empty: DiskNode = { kind: 'directory', entries: new Map(), mode: 0o755 };
  return place.inode ?? disk.create(place.directory, place.name, empty);
}

function entriesOf(node: DiskNode | undefined): ReadonlyMap<string, Inode> {
  return node?.kind === 'directory' ? node.entries : new Map();
}
