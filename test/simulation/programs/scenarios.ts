import { fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { agentProperties, properties } from '../properties/index.js';
import { tinyStoreRate } from '../tiny-store.js';
import type { Task, TaskResult } from './tasks.js';
import { runTask } from './tasks.js';

/**
 * `scenarios [--agent 20000] [--others 100] [--seed 20171117] [--jobs 2]`: at least that many scenarios of the whole agent
 * and, of each other property, that many, all from fixed seeds; the exhaustive searches; 1,000 repetitions of one seed;
 * and the rate of the tiny store. Prints the counts and rates. Exits with 1 when anything is broken.
 */
const { values } = parseArgs({
  options: {
    agent: { type: 'string', default: '20000' },
    others: { type: 'string', default: '100' },
    seed: { type: 'string', default: '20171117' },
    jobs: { type: 'string', default: '2' },
  },
});

const jobs = Number(values.jobs);

/** What `docs/simulation.md` promises of short programs, for each second of processor time. */
const wantedTinyRuns = 15_000;

if (process.send) serve();
else process.exitCode = await lead();

/** A process that works: one task at a time, until it is told to end. */
function serve(): void {
  process.on('message', (task: Task) => process.send?.(runTask(task)));
}

async function lead(): Promise<number> {
  const rate = tinyStoreRate();
  console.log(`tiny store: ${rate} runs for each second of processor time (wanted: ${wantedTinyRuns})`);
  const tasks = allTasks();
  const results: TaskResult[] = [];
  await Promise.all(Array.from({ length: jobs }, () => workThrough(tasks, results)));

  const whole = new Set(agentProperties.map(({ name }) => name));
  const count = (ofAgent: boolean): number =>
    sum(results, ({ task, scenarios }) => (task.kind === 'property' && whole.has(task.name) === ofAgent ? scenarios : 0));
  const [agent, others] = [count(true), count(false)];
  const seconds = sum(results, ({ scenarios, elapsedMs }) => (scenarios > 0 ? elapsedMs / 1_000 : 0)) / jobs;
  const perSecond = Math.round((agent + others) / seconds);
  console.log(`${agent} scenarios of the whole agent and ${others} of its parts: ${perSecond} a second in ${jobs} processes`);
  const broken = results.filter((result) => result.broken !== undefined);
  console.log(`${broken.length} broken, seed ${values.seed}`);
  return broken.length > 0 || agent < Number(values.agent) || rate < wantedTinyRuns ? 1 : 0;
}

function sum(results: readonly TaskResult[], of: (result: TaskResult) => number): number {
  return results.reduce((total, result) => total + of(result), 0);
}

/** The long ones first, so that no process is left with one of them at the end. */
function allTasks(): Task[] {
  const seed = Number(values.seed);
  const tasks: Task[] = [{ kind: 'lock' }, { kind: 'store' }, { kind: 'traces', runs: 1_000, seed: 7 }];
  const whole = new Set(agentProperties);
  const each = Math.ceil(Number(values.agent) / whole.size);
  for (const property of properties) {
    const wanted = property.runs === 1 ? 1 : whole.has(property) ? each : Number(values.others);
    const parts = Math.ceil(wanted / 500);
    for (let part = 0; part < parts; part += 1) {
      const runs = Math.min(500, wanted - part * 500);
      tasks.push({ kind: 'property', name: property.name, runs, seed: seed + part });
    }
  }
  return tasks;
}

function workThrough(tasks: Task[], results: TaskResult[]): Promise<void> {
  const worker = fork(fileURLToPath(import.meta.url), process.argv.slice(2));
  return new Promise((resolve, reject) => {
    const next = (): void => {
      const task = tasks.shift();
      if (task === undefined) worker.disconnect();
      else worker.send(task);
    };
    worker.on('message', (result: TaskResult) => {
      results.push(result);
      if (result.line !== undefined) console.log(result.line);
      if (result.broken !== undefined) console.log(`BROKEN ${result.broken}`);
      next();
    });
    worker.on('error', reject);
    worker.on('exit', (code, signal) => {
      if (code === 0) resolve();
      else reject(new Error(`a worker of the simulation ended with ${signal ?? code}`));
    });
    next();
  });
}
