/**
 * Does anybody lose anything, or wait, while an agent prunes all the time? Thirty clients pull, provision and destroy
 * against an agent on real files and a registry on loopback, and beside them one prunes in a loop.
 *
 *   npm run soak:prune -- [--minutes 5] [--seed N] [--clients 30] [--images 24] [--folder DIR]
 *
 * The verdict: nothing in use was lost, no request failed, every blob was fetched once for as long as it was needed, no
 * launch waited longer than 50 ms for the lock (p99), and nothing is left at the end. Exit 0 only then. Overlay needs
 * root; without it all roots are copies. Needs /bin/busybox.
 */
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { setTimeout as pause } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { Worker } from 'node:worker_threads';
import { Agent } from '@keelson/agent';
import { Random } from '../agent/random.mjs';
import { client } from './clients.mjs';
import { Ledger } from './ledger.mjs';

const { values } = parseArgs({
  options: {
    minutes: { type: 'string', default: '5' },
    seed: { type: 'string', default: String(Date.now() % 2 ** 31) },
    clients: { type: 'string', default: '30' },
    images: { type: 'string', default: '24' },
    folder: { type: 'string', default: existsSync('/dev/shm') ? '/dev/shm' : tmpdir() },
  },
});
if (!existsSync('/bin/busybox')) {
  console.error('soak:prune needs /bin/busybox (Debian package busybox-static)');
  process.exit(69);
}
const mostWaitMs = 50;
const seed = Number(values.seed);
const folder = mkdtempSync(join(values.folder, 'keelson-soak-prune-'));
const root = join(folder, 'root');
const backends = process.geteuid() === 0 ? ['overlay', 'copy'] : ['copy'];
console.log(`seed ${seed}, ${values.minutes} minutes, ${values.clients} clients, ${backends.join(' and ')}, in ${folder}`);

const registry = new Worker(new URL('./registry.mjs', import.meta.url), { workerData: { images: Number(values.images) } });
const images = await new Promise((resolve) => registry.once('message', ({ images: served }) => resolve(served)));
const ledger = new Ledger(images);
registry.on('message', (fetch) => ledger.fetched(fetch));

const agent = Agent.create({ root });
await agent.start();
const loopDelay = monitorEventLoopDelay({ resolution: 5 });
loopDelay.enable();
const until = performance.now() + Number(values.minutes) * 60_000;
const clients = Array.from({ length: Number(values.clients) }, (_, index) =>
  client({ agent, images, ledger, backends, until, name: `client${index}`, random: new Random(seed + index) }),
);
await Promise.all([...clients, pruneAllTheTime(), tellProgress()]);
loopDelay.disable();

await ledger.pruned(() => agent.pruneImages({ wait: true }));
const metrics = await agent.metrics();
await agent.close();
await new Promise((resolve) => {
  registry.once('exit', resolve);
  void registry.terminate();
});
ledger.judgeFetches();
nothingIsLeft();
process.exitCode = verdict(metrics);
rmSync(folder, { recursive: true, force: true });

async function pruneAllTheTime() {
  while (performance.now() < until) {
    try {
      await ledger.pruned(() => agent.pruneImages());
    } catch (error) {
      ledger.fault(`prune: ${error.code}: ${error.message}`);
    }
    await pause(10);
  }
}

async function tellProgress() {
  while (performance.now() < until) {
    await pause(Math.min(15_000, Math.max(1, until - performance.now())));
    const { pulls, provisions, destroys, prunes } = ledger.counts;
    console.log(`${pulls} pulls, ${provisions} provisions, ${destroys} destroys, ${prunes} prunes, ${ledger.faults.length} faults`);
  }
}

function nothingIsLeft() {
  for (const area of ['layers', 'gc', 'staging', 'quarantine']) {
    const left = readdirSync(join(root, 'store/docker', area));
    if (left.length > 0) ledger.fault(`${left.length} entries left in ${area}`);
  }
  const mounts = readFileSync('/proc/self/mountinfo', 'utf8').split('\n').filter((line) => line.includes(root));
  if (mounts.length > 0) ledger.fault(`${mounts.length} mounts left`);
}

function verdict(measured) {
  const round = (value) => Math.round((value ?? 0) * 10) / 10;
  const waits = Object.fromEntries(
    ['provision', 'destroy', 'prune'].map((use) => [use, round(measured[`provisioner/gate_wait/${use}_ms/p99`])]),
  );
  const heldMs = round(measured['provisioner/gate_hold/prune_ms/p99']);
  if (waits.provision > mostWaitMs) ledger.fault(`launches waited ${waits.provision} ms for the lock (p99), more than ${mostWaitMs}`);
  const ok = ledger.faults.length === 0;
  const summary = {
    ok,
    seed,
    minutes: Number(values.minutes),
    ...ledger.counts,
    lockWaitP99Ms: waits,
    pruneHoldsLockP99Ms: heldMs,
    loopDelayP99Ms: round(loopDelay.percentile(99) / 1e6),
    faults: ledger.faults.length,
  };
  console.log(JSON.stringify(summary));
  console.log(ok ? 'verdict: nothing was lost, and nobody waited' : `verdict: ${ledger.faults.length} faults`);
  return ok ? 0 : 1;
}
