#!/usr/bin/env node
/**
 * `npm run bench:prune [-- --images 1000] [--files 20] [--rounds 3] [--only keelson,containerd,podman] [--gate]`
 *
 * What does a prune of many small images cost beside those of others? All have the same images, loaded from one archive:
 * a base they share and a layer of their own each. A store of ours is put on the disk as records, which a prune cannot
 * tell from pulled ones. Everybody's lies on one journaled ext4. Ours is timed until the bytes are gone, and asked how long
 * the event loop was held up meanwhile; others are timed until their command has ended.
 *
 * Ratios are of medians: to fill a store takes others minutes, so they have `--peer-rounds` (1) of it. `--gate` exits
 * with 1 above 0.25x of containerd or 0.05x of podman. Peers need root, and take part where they are installed.
 */
import { execFile, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { parseArgs, promisify } from 'node:util';
import { Agent } from '@keelson/agent';
import { median } from '../launch/measure.mjs';
import { fillStore } from './fill-store.mjs';
import { writeArchive } from './archive.mjs';
import { peers } from './peers.mjs';

const { values } = parseArgs({
  options: {
    images: { type: 'string', default: '1000' },
    files: { type: 'string', default: '20' },
    rounds: { type: 'string', default: '3' },
    'peer-rounds': { type: 'string', default: '1' },
    only: { type: 'string', default: 'keelson,containerd,podman' },
    folder: { type: 'string', default: existsSync('/dev/shm') ? '/dev/shm' : tmpdir() },
    gate: { type: 'boolean', default: false },
  },
});
const floors = { containerd: 0.25, podman: 0.05 };
const [images, files, rounds] = [values.images, values.files, values.rounds].map(Number);
const quietly = promisify(execFile);
const folder = mkdtempSync(join(values.folder, 'keelson-bench-prune-'));
const disk = join(folder, 'disk');
let missed = 0;
try {
  await mountDisk();
  const taken = { keelson: [] };
  for (let round = 1; round <= rounds; round += 1) taken.keelson.push(await pruneOurs(round));
  const wanted = Object.keys(peers).filter((name) => values.only.split(',').includes(name));
  if (wanted.length > 0) await writeArchive(join(folder, 'images.tar'), { images, files });
  for (const name of wanted) {
    taken[name] = await prunePeer(name);
    if (!report(name, taken)) missed += 1;
  }
} finally {
  spawnSync('umount', ['-l', disk]);
  rmSync(folder, { recursive: true, force: true });
}
process.exitCode = values.gate && missed > 0 ? 1 : 0;

async function mountDisk() {
  mkdirSync(disk);
  if (process.geteuid() !== 0) return console.log('not on a disk of its own, which needs root');
  await quietly('truncate', ['-s', '8G', join(folder, 'image')]);
  await quietly('mkfs.ext4', ['-q', '-E', 'lazy_itable_init=0', join(folder, 'image')]);
  await quietly('mount', ['-o', 'loop', join(folder, 'image'), disk]);
}

async function pruneOurs(round) {
  const root = join(disk, `keelson-${round}`);
  fillStore(root, { images, files });
  await settled();
  const agent = Agent.create({ root, backend: 'copy', lockTimeoutMs: 0 });
  await agent.start();
  const delay = monitorEventLoopDelay({ resolution: 1 });
  delay.enable();
  const before = process.cpuUsage();
  const startedAtMs = performance.now();
  const report = await agent.pruneImages();
  const answeredMs = performance.now() - startedAtMs;
  // Joins the sweep under way; there is nothing left to prune.
  await agent.pruneImages({ wait: true });
  const wallMs = performance.now() - startedAtMs;
  const { user, system } = process.cpuUsage(before);
  delay.disable();
  await agent.close();
  rmSync(root, { recursive: true });
  const { removed, skipped } = report;
  const counts = { images: removed.images.length, layers: removed.layers.length, skipped: skipped.length };
  const longestStallMs = Math.round(delay.max / 1e5) / 10;
  const times = { answeredMs, wallMs, cpuMs: (user + system) / 1_000 };
  const rounded = Object.fromEntries(Object.entries(times).map(([name, ms]) => [name, Math.round(ms)]));
  console.log(JSON.stringify({ round, ...counts, ...rounded, longestStallMs }));
  return times;
}

/** `undefined`, with the reason told, where it cannot take part. */
async function prunePeer(name) {
  const measured = [];
  for (let round = 1; round <= Number(values['peer-rounds']); round += 1) {
    const place = join(disk, `${name}-${round}`);
    mkdirSync(place);
    let peer;
    try {
      peer = await peers[name](place);
      await peer.load(join(folder, 'images.tar'));
      await settled();
      measured.push(await peer.prune());
    } catch (error) {
      const why = error.code === 'ENOENT' ? `${error.path} is not installed` : error.message;
      return void console.log(`${name} is left out: ${why.slice(-500)}`);
    } finally {
      await peer?.close();
    }
  }
  return measured;
}

function settled() {
  return quietly('sync', ['-f', disk]);
}

/** True if there was something to compare with, and it was within the floor. */
function report(name, taken) {
  if (!taken[name]) return false;
  const [wall, cpu] = ['wallMs', 'cpuMs'].map((what) => median(taken.keelson.map((each) => each[what])) / median(taken[name].map((each) => each[what])));
  console.log(`${wall.toFixed(3)}x of ${name}, processor time ${cpu.toFixed(3)}x; at most ${floors[name]}`);
  return wall <= floors[name];
}
