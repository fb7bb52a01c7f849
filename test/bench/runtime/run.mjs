/**
 * `npm run bench:runtime [-- --quick] [--gate] [NAME…]`: the actor runtime beside its peers, as ratios of one run.
 *
 * Never read absolute figures off a shared machine: contestants take turns, each ratio is formed inside one turn, and
 * the median of all turns is printed with its floor. A floor may depend on the line of Node that runs this: `{ 20: 2,
 * 24: 0.6 }` is 2 from Node 20 on and 0.6 from Node 24 on. Exits 0 unless `--gate` is given and a ratio is below its floor.
 */
import { readdirSync } from 'node:fs';
import { fork } from 'node:child_process';
import { once } from 'node:events';

const flags = new Set(process.argv.slice(2).filter((word) => word.startsWith('--')));
const names = process.argv.slice(2).filter((word) => !word.startsWith('--'));
const quick = flags.has('--quick');
const turns = quick ? 3 : 7;
const warmUps = quick ? 2 : 6;
const folder = new URL('./loads/', import.meta.url);

/** Starts one contestant and answers a function that runs a slice of it. */
async function start(file, name, { operations, fresh, nodeOptions = [] }) {
  const count = Math.max(1, Math.round(quick && !fresh ? operations / 3 : operations));
  /** The next message of a child; fails if it ends first. */
  const answerOf = async (child) => {
    const over = new AbortController();
    try {
      const { signal } = over;
      const ended = once(child, 'exit', { signal }).then(([code]) => {
        throw new Error(`it ended with ${code}`);
      });
      const [answer] = await Promise.race([once(child, 'message', { signal }), ended]);
      return answer;
    } finally {
      over.abort();
    }
  };
  const open = async () => {
    const child = fork(new URL('./contestant.mjs', import.meta.url), [file, name], {
      execArgv: ['--expose-gc', ...nodeOptions],
    });
    await answerOf(child);
    return child;
  };
  const ask = (child) => {
    child.send({ operations: count, afterRest: !fresh });
    return answerOf(child);
  };
  if (fresh) {
    return {
      slice: async () => {
        const child = await open();
        const answer = await ask(child);
        child.disconnect();
        return answer;
      },
      end: () => undefined,
    };
  }
  const child = await open();
  for (let n = 0; n < warmUps; n += 1) await ask(child);
  return { slice: () => ask(child), end: () => child.disconnect() };
}

const median = (values) => values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)];

const major = Number.parseInt(process.versions.node, 10);

/** The bound that holds for this line of Node: a number for all, or numbers by the line from which they hold. */
function boundHere(bound) {
  if (typeof bound !== 'object') return bound;
  const lines = Object.keys(bound).map(Number);
  const line = Math.max(...lines.filter((from) => from <= major));
  return bound[line];
}

/** One line: what was compared, the ratio, its floor or ceiling, and whether it holds. */
function judge(ratio, samples) {
  const measured = samples.get(ratio.of ?? 'keelson');
  const other = ratio.limit === undefined ? samples.get(ratio.against) : measured?.map(() => ratio.limit);
  if (!measured || !other) return undefined;
  const ceiling = ratio.atMost !== undefined;
  const values = measured.map((value, turn) => (ceiling ? value / other[turn] : other[turn] / value));
  const value = median(values);
  const bound = boundHere(ceiling ? ratio.atMost : ratio.atLeast);
  const holds = bound === undefined ? undefined : ceiling ? value <= bound : value >= bound;
  const wanted = bound === undefined ? '' : ` (${ceiling ? 'at most' : 'at least'} ${bound})`;
  const verdict = holds === undefined ? 'for information' : holds ? 'pass' : 'below';
  console.log(`  ${ratio.title.padEnd(62)} ${value.toFixed(2).padStart(8)}x${wanted.padEnd(16)} ${verdict}`);
  return holds;
}

console.log(`Node ${process.version}; CPU time, ${turns} interleaved turns, medians${quick ? ' (quick)' : ''}`);
let below = 0;
for (const entry of readdirSync(folder).toSorted()) {
  if (names.length && !names.some((name) => entry.includes(name))) continue;
  const file = new URL(entry, folder).href;
  const { load } = await import(file);
  console.log(`${load.title}`);
  const running = new Map();
  for (const [name, contestant] of Object.entries(load.contestants)) {
    const reason = contestant.skip?.();
    if (reason) {
      console.log(`  ${name} skipped: ${reason}`);
      continue;
    }
    try {
      running.set(name, await start(file, name, contestant));
    } catch (error) {
      console.log(`  ${name} failed: ${error.message}`);
    }
  }
  const samples = new Map([...running.keys()].map((name) => [name, []]));
  for (let turn = 0; turn < turns; turn += 1) {
    for (const [name, contestant] of running) {
      try {
        samples.get(name)?.push(await contestant.slice());
      } catch (error) {
        console.log(`  ${name} failed: ${error.message}`);
        samples.delete(name);
        running.delete(name);
      }
    }
  }
  for (const contestant of running.values()) contestant.end();
  if (flags.has('--verbose')) for (const [name, values] of samples) console.log(`  ~ ${name}: ${median(values).toFixed(1)}`);
  for (const ratio of load.ratios) if (judge(ratio, samples) === false) below += 1;
}
console.log(below ? `${below} below the floor` : 'every ratio holds its floor');
process.exitCode = flags.has('--gate') && below ? 1 : 0;
