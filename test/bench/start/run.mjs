import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { LocalFiles, LocalHost, PoolExecutor } from '@keelson/os';
import { RealClock, Runtime } from '@keelson/process';
import { DockerStore, encodeRecord, MetadataManager, PullerRouter, storeJobs, StorePaths, Sweeper } from '@keelson/store';
import { compacted } from '../../../packages/store/dist/image-journal.js';
import { layerRecordFormat } from '../../../packages/store/dist/layer-record.js';

/**
 * How long a store takes to start, and to note one more image, with many images and layers on record.
 *
 *   npm run bench:start -- [--images 10000] [--layers 50000]
 *
 * Beside the time by the clock stands that of the processors, which says more on a machine that others use too.
 * Exits 1 above five seconds of processor time for the start, or when a change writes more than its line.
 */
const { values } = parseArgs({
  options: { images: { type: 'string', default: '10000' }, layers: { type: 'string', default: '50000' } },
});
const root = mkdtempSync(join(existsSync('/dev/shm') ? '/dev/shm' : tmpdir(), 'keelson-start-'));
const paths = new StorePaths(root);
const hex = (number) => number.toString(16).padStart(64, '0');
const digest = (number) => `sha256:${hex(number)}`;
const at = new Date(0).toISOString();
const ids = Array.from({ length: Number(values.layers) }, (_, index) => hex(index + 1));
for (const path of paths.directories()) mkdirSync(path, { recursive: true });
for (const [index, id] of ids.entries()) {
  mkdirSync(paths.rootfs(id), { recursive: true });
  const counts = { sizeBytes: 1000, allocatedBytes: 4096, entries: 10 };
  const record = { id, diffId: digest(index), ...counts, whiteouts: [], opaques: [], blob: { digest: digest(index), sizeBytes: 500 }, createdAt: at };
  writeFileSync(paths.layerRecord(id), encodeRecord(layerRecordFormat, record));
}
const images = new Map();
for (let index = 0; index < Number(values.images); index += 1) {
  const reference = `registry.example/team/image-${index}:1`;
  const layers = Array.from({ length: 6 }, (_, depth) => ids[(index * 5 + depth) % ids.length]);
  const config = { env: ['PATH=/bin'], entrypoint: [], cmd: ['sh'], workingDirectory: '', user: '' };
  const layerBlobs = layers.map(() => ({ digest: digest(1), sizeBytes: 500 }));
  const platform = { os: 'linux', architecture: 'amd64' };
  images.set(reference, { reference, digest: digest(index), configDigest: digest(index), config, platform, layers, layerBlobs, sizeBytes: 6000, pulledAt: at, pinned: false });
}
writeFileSync(paths.storedImages, compacted({ images, storeVersion: images.size }));

const runtime = new Runtime();
const files = new LocalFiles();
const written = [];
const { appendDurably, writeDurably } = files;
files.appendDurably = (path, content) => (written.push(content.length), appendDurably.call(files, path, content));
files.writeDurably = (path, content, options) => (path === paths.storedImages && written.push(content.length), writeDurably.call(files, path, content, options));
const executor = new PoolExecutor({ jobs: storeJobs });
const metadata = runtime.spawn(new MetadataManager({ paths, files, random: runtime.random }));
const sweeper = runtime.spawn(new Sweeper({ paths, files, executor }));
const puller = runtime.spawn(new PullerRouter({}));
const store = runtime.spawn(
  new DockerStore({ paths, files, executor, host: new LocalHost(), random: runtime.random, clock: new RealClock(), metadata, puller, sweeper }),
);
const before = process.cpuUsage();
const started = performance.now();
await store.recover();
const startMs = performance.now() - started;
const { user, system } = process.cpuUsage(before);
const processorMs = (user + system) / 1000;
const { layers, images: listed, quarantined } = await store.recovery();
written.length = 0;
const changed = performance.now();
await metadata.put({ ...images.get('registry.example/team/image-7:1'), reference: 'registry.example/team/one-more:1' });
const changeMs = performance.now() - changed;
console.log(JSON.stringify({ images: listed, layers, quarantined: quarantined.length, startMs: Math.round(startMs), processorMs: Math.round(processorMs), changeMs: Math.round(changeMs), changeBytes: written }));
await runtime.finalize();
await executor.close();
rmSync(root, { recursive: true, force: true });
const whole = listed === images.size && layers === ids.length && quarantined.length === 0;
process.exit(whole && processorMs < 5000 && written.length === 1 && written[0] < 10_000 ? 0 : 1);
