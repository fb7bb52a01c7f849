/**
 * What does a pull cost beside those of others? Images from a registry on loopback onto one journaled disk: verified,
 * unpacked and, by us, durable. Whoever takes part has a folder of its own there and has the image anew in every round.
 *
 *   npm run bench:pull [-- --rounds 5 --image debian=docker://… --image forty --only keelson,containerd] [--gate]
 *
 * `--image NAME` makes the image (`images.mjs`), `--image NAME=REF` takes it from where skopeo(1) finds it; the folder
 * given by `--images` keeps what was made for the next run. Prints medians of the ratios round by round, of time and of
 * processor time, and the most memory of a process; absolute times are those of the machine. `--gate` exits with 1 where a
 * floor is missed. Needs root, docker-registry and skopeo; umoci, podman and containerd take part where they are.
 */
import { execFile, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, existsSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs, promisify } from 'node:util';
import { cpuMsOf } from '../watched-process.mjs';
import { everybody } from './contestants.mjs';
import { Images } from './images.mjs';
import { Registry } from './registry.mjs';
import { report } from './report.mjs';

const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '5' },
    image: { type: 'string', multiple: true, default: ['debian', 'nodeapp', 'forty'] },
    only: { type: 'string', default: Object.keys(everybody).join() },
    folder: { type: 'string', default: existsSync('/dev/shm') ? '/dev/shm' : tmpdir() },
    images: { type: 'string' },
    gate: { type: 'boolean', default: false },
  },
});
const quietly = promisify(execFile);
const folder = mkdtempSync(join(values.folder, 'keelson-bench-pull-'));
const disk = join(folder, 'disk');
const contestants = {};
let registry;
try {
  registry = await Registry.start(join(folder, 'registry'));
  const images = await serve();
  await mountDisk();
  await enter();
  const missed = [];
  for (const [name, reference] of Object.entries(images)) missed.push(...report(name, await race(name, reference)));
  if (contestants.keelson) missed.push(...(await askAgain(Object.values(images)[0])));
  for (const line of missed) console.log(`missed: ${line}`);
  process.exitCode = values.gate && missed.length > 0 ? 1 : 0;
} finally {
  for (const contestant of Object.values(contestants)) await contestant.close();
  await registry?.stop();
  spawnSync('umount', ['-l', disk]);
  rmSync(folder, { recursive: true, force: true });
}

/** Puts the images into the registry; answers their references by name. */
async function serve() {
  const made = new Images(values.images ?? join(folder, 'images'));
  const served = {};
  for (const wanted of values.image) {
    const equals = wanted.indexOf('=');
    const name = equals < 0 ? wanted : wanted.slice(0, equals);
    const source = equals < 0 ? await made.make(name) : wanted.slice(equals + 1);
    served[name] = `${registry.host}/bench/${name}:latest`;
    await quietly('skopeo', ['copy', '-q', '--src-tls-verify=false', '--dest-tls-verify=false', source, `docker://${served[name]}`]);
  }
  return served;
}

/** An ext4 with its journal in a file: what the machine's own file system is says nothing about any of us. */
async function mountDisk() {
  mkdirSync(disk);
  await quietly('truncate', ['-s', '12G', join(folder, 'image')]);
  await quietly('mkfs.ext4', ['-q', '-E', 'lazy_itable_init=0', join(folder, 'image')]);
  await quietly('mount', ['-o', 'loop', join(folder, 'image'), disk]);
}

async function enter() {
  for (const name of values.only.split(',')) {
    const place = join(disk, name);
    mkdirSync(place, { recursive: true });
    try {
      contestants[name] = await everybody[name](place);
    } catch (error) {
      const why = error.code === 'ENOENT' ? `${error.path} is not installed` : error.message;
      console.log(`${name} is left out: ${why}`);
    }
  }
}

/** One round more than is counted, to warm up. Who fails once is out of this race. */
async function race(image, reference) {
  const taken = Object.fromEntries(Object.keys(contestants).map((name) => [name, []]));
  for (let round = 0; round <= Number(values.rounds); round += 1) {
    for (const name of Object.keys(taken)) {
      try {
        const measured = await once(contestants[name], reference);
        if (round > 0) taken[name].push(measured);
      } catch (error) {
        if (name === 'keelson') throw error;
        console.log(`${name} is left out of ${image}: ${error.message}`);
        delete taken[name];
      }
    }
  }
  return taken;
}

async function once(contestant, reference) {
  await quietly('sync', ['-f', disk]);
  const pids = [process.pid, ...contestant.pids];
  const cpuBefore = pids.map(cpuMsOf);
  const startedAt = performance.now();
  const { peakMb } = await contestant.pull(reference);
  const wallMs = performance.now() - startedAt;
  const cpuMs = pids.reduce((sum, pid, index) => sum + cpuMsOf(pid) - cpuBefore[index], 0);
  await contestant.remove(reference);
  return { wallMs, cpuMs, peakMb };
}

/** Whether a pull of what is there asks for more than its manifest. */
async function askAgain(reference) {
  const { agent } = contestants.keelson;
  await agent.must('pull', reference);
  const missed = [];
  for (const words of [['pull'], ['pull', '--force']]) {
    await registry.takeRequests();
    await agent.must(...words, reference);
    const requests = await registry.takeRequests();
    const [manifests, blobs] = ['/manifests/', '/blobs/'].map((kind) => requests.filter((request) => request.includes(kind)).length);
    console.log(`${words.join(' ')} of what is there: ${manifests} requests of a manifest, ${blobs} of a blob; at most 1 and 0`);
    if (manifests > 1 || blobs > 0) missed.push(`${words.join(' ')} of what is there asked ${requests.join(', ')}`);
  }
  return missed;
}
