/**
 * What does launching through an agent cost beside the runtime alone? `echo` in a container, from the request to the exit
 * status and the output in hand, through the socket of a running `keelson agent`; beside it in the same rounds: the same OCI
 * runtime on a root filesystem that stands already, with the specification the agent wrote for it, and podman. Then, in
 * rounds of its own, the whole command `keelson run`, Node's start included, on a root that no agent serves, beside podman.
 *
 *   npm run bench:launch [-- --rounds 60 --folder DIR] [--gate]
 *
 * Prints ratios of medians and of processor time, for absolute times are those of the machine. `--gate` fails above 1.8x of
 * the runtime or 0.25x of podman. Needs root, /bin/busybox (static), and crun or runc; podman if it is there.
 */
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { AgentProcess, program } from '../../soak/agent/agent-process.mjs';
import { serveImages } from '../../soak/agent/images.mjs';
import { bareRuntime } from './bare-runtime.mjs';
import { podman } from './podman.mjs';
import { cpuMs, median, ratioOf, sayHi } from './measure.mjs';

const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '60' },
    folder: { type: 'string', default: existsSync('/dev/shm') ? '/dev/shm' : tmpdir() },
    gate: { type: 'boolean', default: false },
  },
});
if (process.geteuid() !== 0 || !existsSync('/bin/busybox')) {
  console.error('bench:launch needs root and a static /bin/busybox (Debian package busybox-static)');
  process.exit(69);
}
const rounds = Number(values.rounds);
const folder = mkdtempSync(join(values.folder, 'keelson-bench-launch-'));
const { registry, images } = await serveImages(2);
const image = images[1].reference;
const agent = await AgentProcess.start(join(folder, 'root'), join(folder, 'agent.log'));
let missed = 0;
try {
  await agent.must('pull', image);
  const peer = await podman(folder, image);
  if (peer.why) console.log(`podman is left out: ${peer.why}`);
  for (const runtime of ['crun', 'runc']) await compare(runtime, peer);
  peer.close?.();
} catch (error) {
  console.error(error);
  missed = Infinity;
} finally {
  for (const { id } of (await agent.must('ps', '-a')).containers) await agent.must('destroy', id);
  await agent.end('SIGTERM');
  await registry.close();
  rmSync(folder, { recursive: true, force: true });
}
process.exitCode = missed === Infinity || (values.gate && missed > 0) ? 1 : 0;

async function compare(runtime, peer) {
  const through = throughAgent(runtime);
  const tried = await through.run().then(() => undefined, (error) => error);
  if (tried) return console.log(`${runtime} is left out: ${tried.message}`);
  const bare = await bareRuntime({ runtime, agent, image, folder });
  report(runtime, await inTurns({ keelson: through, bare, ...(peer.run && { podman: peer }) }, rounds));
  bare.close();
  if (!peer.run) return;
  // Apart from the others: what the kernel clears away of a process that has ended would slow who comes next.
  const { alone, podman: theirs } = await inTurns({ alone: commandAlone(runtime), podman: peer }, Math.ceil(rounds / 3));
  console.log(`${runtime}: the whole command without an agent ${ratioOf(alone.wall, theirs.wall).toFixed(2)}x podman`);
}

/** What each contestant took in each round, after three that do not count. */
async function inTurns(contestants, counted) {
  const taken = Object.fromEntries(Object.keys(contestants).map((name) => [name, { wall: [], cpu: [] }]));
  for (let round = -3; round < counted; round += 1) {
    for (const [name, contestant] of Object.entries(contestants)) {
      const cpuBefore = cpuMs(contestant.pids());
      const startedAt = performance.now();
      await contestant.run();
      const wall = performance.now() - startedAt;
      if (round < 0) continue;
      taken[name].wall.push(wall);
      taken[name].cpu.push(cpuMs(contestant.pids()) - cpuBefore);
    }
  }
  return taken;
}

function report(runtime, taken) {
  const toBare = ratioOf(taken.keelson.wall, taken.bare.wall);
  const cpuToBare = sum(taken.keelson.cpu) / sum(taken.bare.cpu);
  console.log(`${runtime}: ${toBare.toFixed(2)}x the runtime alone (floor ${Math.min(...taken.keelson.wall).toFixed(1)} to ${Math.min(...taken.bare.wall).toFixed(1)} ms, median ${median(taken.keelson.wall).toFixed(1)} to ${median(taken.bare.wall).toFixed(1)} ms), processor time ${cpuToBare.toFixed(2)}x; at most 1.8x`);
  if (toBare > 1.8) missed += 1;
  if (!taken.podman) return;
  const toPodman = ratioOf(taken.keelson.wall, taken.podman.wall);
  console.log(`${runtime}: ${toPodman.toFixed(3)}x podman (median ${median(taken.podman.wall).toFixed(1)} ms); at most 0.25x`);
  if (toPodman > 0.25) missed += 1;
}

function throughAgent(runtime) {
  return {
    pids: () => [agent.pid],
    async run() {
      const { exit, stdout, stderr } = await agent.call('run', '--rm', '--launcher', runtime, image, '--', 'echo', 'hi');
      if (exit !== 0 || stdout !== 'hi\n') throw new Error(stderr || `it said ${JSON.stringify(stdout)}`);
    },
  };
}

function commandAlone(runtime) {
  const argv = [program, '--root', join(folder, 'alone'), 'run', '--rm', '--launcher', runtime, image, '--', 'echo', 'hi'];
  return { pids: () => [process.pid], run: () => sayHi(process.execPath, argv) };
}

function sum(list) {
  return list.reduce((total, each) => total + each, 0);
}
