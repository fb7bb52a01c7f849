/**
 * Does an agent lose anything, whenever it is killed? Each round several clients pull, run, destroy, prune and list against
 * a real `keelson agent`; it is killed at a random moment, what runs may be killed meanwhile, and the next agent must know
 * all that was acknowledged. At the end a crowd of containers lives at once through one more kill.
 *
 *   npm run soak:agent -- [--rounds 200] [--seed N] [--clients 4] [--crowd 100] [--folder DIR] [--keep]
 *
 * Needs root, /bin/busybox (static) and a launcher. Exit 0 only if nothing was wrong.
 */
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { AgentProcess } from './agent-process.mjs';
import { client } from './clients.mjs';
import { crowd } from './crowd.mjs';
import { serveImages } from './images.mjs';
import { Machine } from './machine.mjs';
import { Model } from './model.mjs';
import { Random } from './random.mjs';
import { verify } from './verify.mjs';

const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '200' },
    seed: { type: 'string', default: String(Date.now() % 2 ** 31) },
    clients: { type: 'string', default: '4' },
    crowd: { type: 'string', default: '100' },
    folder: { type: 'string', default: existsSync('/dev/shm') ? '/dev/shm' : tmpdir() },
    keep: { type: 'boolean', default: false },
  },
});
if (process.geteuid() !== 0 || !existsSync('/bin/busybox')) {
  console.error('soak:agent needs root and a static /bin/busybox (Debian package busybox-static)');
  process.exit(69);
}

const seed = Number(values.seed);
const rounds = Number(values.rounds);
const random = new Random(seed);
const folder = mkdtempSync(join(values.folder, 'keelson-soak-'));
const root = join(folder, 'root');
const log = join(folder, 'agent.log');
const machine = new Machine(root);
const model = new Model();
const { registry, images } = await serveImages();

let agent = await AgentProcess.start(root, log);
const launchers = await workingLaunchers(agent);
console.log(`seed ${seed}, launchers ${launchers.join(', ')}, ${values.clients} clients, in ${folder}`);
let failed = 0;
const starts = [];
for (let round = 1; round <= rounds; round += 1) {
  const faults = await oneRound(round);
  starts.push(agent.startMs);
  const { length: known } = model.addressable;
  console.log(`round ${round}: ${faults.length === 0 ? 'ok' : 'WRONG'}, ${known} containers, start ${Math.round(agent.startMs)} ms (${Math.round(agent.starvedMs)} without a processor)`);
  for (const fault of faults) console.log(`  ${fault}`);
  failed += faults.length > 0 ? 1 : 0;
  if (faults.length > 0 && values.keep) break;
}
const crowdFaults = Number(values.crowd) > 0 && !(failed && values.keep) ? await gather() : [];
const lastFaults = failed && values.keep ? [] : await theEnd();
for (const fault of [...crowdFaults, ...lastFaults]) console.log(`  ${fault}`);
await registry.close();
const wrong = failed + crowdFaults.length + lastFaults.length;
console.log(`${rounds - failed} of ${rounds} rounds passed, slowest start ${Math.round(Math.max(...starts))} ms, seed ${seed}`);
if (wrong === 0 || !values.keep) rmSync(folder, { recursive: true, force: true });
process.exitCode = wrong === 0 ? 0 : 1;

async function oneRound(round) {
  const names = Array.from({ length: Number(values.clients) }, (_, index) => `r${round}-${'abcdefgh'[index]}`);
  let answersLeft = 5 + random.below(30);
  const worked = deferred();
  const onAnswer = () => (answersLeft -= 1) === 0 && worked.resolve();
  const working = names.map((name) => {
    const own = new Random(random.below(2 ** 31));
    return client({ agent, model, images, launchers, random: own, crowd: 14, name, onAnswer });
  });
  await worked.promise;
  await new Promise((resolve) => setTimeout(resolve, random.below(60)));
  await agent.end('SIGKILL');
  const faults = (await Promise.all(working)).flat();
  killSome();
  agent = await AgentProcess.start(root, log);
  return [...faults, ...(await verify({ agent, model, machine, images, root }))];
}

function deferred() {
  const made = {};
  made.promise = new Promise((resolve) => (made.resolve = resolve));
  return made;
}

/** While no agent is there: the first process of a container, or the monitor of one. */
function killSome() {
  const forever = model.kept.filter(({ code, loose, killedPid, orphaned }) => code === undefined && !loose && !killedPid && !orphaned);
  if (random.chance(0.5) && forever.length > 1) {
    const victim = random.of(forever);
    const { pid } = recordOf(victim.id);
    process.kill(pid, 'SIGKILL');
    victim.killedPid = pid;
  }
  if (random.chance(0.2) && forever.length > 2) {
    const victim = random.of(forever.filter(({ killedPid }) => !killedPid));
    process.kill(recordOf(victim.id).monitor.pid, 'SIGKILL');
    victim.orphaned = true;
  }
}

function recordOf(id) {
  const record = JSON.parse(readFileSync(join(root, 'runtime/containers', id, 'pid'), 'utf8'));
  return record.payload ?? record;
}

async function workingLaunchers(agent) {
  const tried = [];
  for (const name of ['crun', 'runc', 'linux']) {
    const { exit } = await agent.call('run', '--rm', '--launcher', name, images[0].reference, '--', 'echo', 'hi');
    if (exit === 0) tried.push(name);
  }
  if (tried.length === 0) throw new Error('no launcher works here');
  return tried;
}

async function gather() {
  const faults = [];
  const result = await crowd({ agent, machine, images, launchers, root, log, count: Number(values.crowd), fault: (text) => faults.push(text) });
  agent = result.agent;
  console.log(`crowd: ${result.running} containers lived at once and through a kill of the agent`);
  return faults;
}

/** Everything is taken down by the agent itself; then nothing may be left of any of it. */
async function theEnd() {
  for (const { id } of (await agent.must('ps', '-a')).containers) await agent.must('destroy', id);
  await agent.must('unpin', ...model.pinned, images[0].reference).catch(() => {});
  await agent.must('prune', '--wait');
  await agent.end('SIGTERM');
  const left = { mounts: machine.mounted(), groups: machine.groups(), processes: machine.helpers(0).map(({ text }) => text) };
  for (const path of ['runtime/containers', 'sandboxes', 'provisioner/containers', 'store/docker/staging', 'store/docker/gc']) {
    left[path] = machine.names(path);
  }
  return Object.entries(left).filter(([, names]) => names.length > 0).map(([what, names]) => `at the end, ${what}: ${names.join(', ')}`);
}
