/**
 * Does a sweep let the agent answer? 100,000 files of 100 layers go while the agent is asked for its images all the
 * time. Beside it, in the same process: the loop at rest, and `fs.promises.rm` of the same tree on the main thread.
 *
 *   npm run bench:sweep [-- --files 100000 --rounds 3 --folder DIR] [--gate]
 *
 * Prints ratios of event-loop delay (p99), never times. `--gate` fails when a floor is missed.
 */
import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { setTimeout as pause } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { Agent } from '@keelson/agent';
import { makeLayout } from './layout.mjs';

const { values } = parseArgs({
  options: {
    files: { type: 'string', default: '100000' },
    rounds: { type: 'string', default: '3' },
    folder: { type: 'string', default: existsSync('/dev/shm') ? '/dev/shm' : tmpdir() },
    gate: { type: 'boolean', default: false },
  },
});
const layers = 100;
const filesPerLayer = Math.ceil(Number(values.files) / layers);

const folder = mkdtempSync(join(values.folder, 'keelson-bench-sweep-'));
const rounds = [];
try {
  const layout = makeLayout(join(folder, 'layout'), { layers, filesPerLayer });
  for (let round = 1; round <= Number(values.rounds); round += 1) rounds.push(await measure(layout, round));
} finally {
  rmSync(folder, { recursive: true, force: true });
}

const sweepToIdle = median(rounds.map(({ idle, sweep }) => sweep / idle));
const removeToSweep = median(rounds.map(({ remove, sweep }) => remove / sweep));
const passed = [
  report('loop delay p99, sweep / idle', sweepToIdle, sweepToIdle <= 2, 'at most 2'),
  report('loop delay p99, fs.promises.rm / sweep', removeToSweep, removeToSweep >= 20, 'at least 20'),
].every(Boolean);
if (values.gate && !passed) process.exitCode = 1;

async function measure(layout, round) {
  const agent = Agent.create({ root: join(folder, `root-${round}`) });
  await agent.start();
  try {
    await agent.pull(`oci:${layout.path}:bench`);
    const asking = () => agent.images();
    await loopDelayWhile(pause(500), asking);
    const idle = await loopDelayWhile(pause(2_000), asking);
    const sweep = await loopDelayWhile(agent.pruneImages({ wait: true }), asking);

    const tree = join(folder, `tree-${round}`);
    for (const archive of layout.archives) {
      execFileSync('sh', ['-c', 'mkdir -p "$1" && tar -C "$1" -xf "$2"', 'sh', join(tree, archive.name), archive.path]);
    }
    const remove = await loopDelayWhile(rm(tree, { recursive: true }), asking);
    return { idle, sweep, remove };
  } finally {
    await agent.close();
  }
}

/** The p99 of event-loop delay in ns until `work` is done, while `ask` is asked again as soon as it was answered. */
async function loopDelayWhile(work, ask) {
  let done = false;
  const finished = Promise.resolve(work.toPromise?.() ?? work).finally(() => (done = true));
  const delay = monitorEventLoopDelay({ resolution: 1 });
  delay.enable();
  while (!done) {
    await ask();
    await pause(1);
  }
  delay.disable();
  await finished;
  return delay.percentile(99);
}

function report(what, ratio, passes, floor) {
  console.log(`${what.padEnd(42)} ${ratio.toFixed(2).padStart(8)}   ${passes ? 'pass ' : 'below'}   (${floor})`);
  return passes;
}

function median(numbers) {
  return numbers.toSorted((one, other) => one - other)[Math.floor(numbers.length / 2)];
}
