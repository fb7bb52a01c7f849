import { fork } from 'node:child_process';
import { once } from 'node:events';
import { get } from 'node:http';

/**
 * Answers how many times the CPU time of a bare flood the same one takes that is watched, and looked at: the median of
 * several sets of processes, for two processes of one program differ by a few per cent as long as they live.
 */
export async function measureFlood({ sets, turns }) {
  const ratios = { watched: [], lookedAt: [] };
  for (let set = 0; set < sets; set += 1) {
    const { watched, lookedAt } = await measureSet(turns);
    ratios.watched.push(watched);
    ratios.lookedAt.push(lookedAt);
  }
  return { watched: median(ratios.watched), lookedAt: median(ratios.lookedAt) };
}

async function measureSet(turns) {
  const names = ['bare', 'watched', 'looked-at'];
  const children = new Map();
  for (const name of names) children.set(name, await start(name));
  const costs = { bare: [], watched: [], 'looked-at': [] };
  for (let turn = -3; turn < turns; turn += 1) {
    // Each begins a turn as often as the others: who comes after a rest of the machine has it easier.
    for (let n = 0; n < names.length; n += 1) {
      const name = names[(n + turn + names.length * 3) % names.length];
      const cpuMs = await children.get(name).slice();
      // The first turns only warm up.
      if (turn >= 0) costs[name].push(cpuMs);
    }
  }
  for (const child of children.values()) child.end();
  const bare = lowerQuartile(costs.bare);
  return { watched: lowerQuartile(costs.watched) / bare, lookedAt: lowerQuartile(costs['looked-at']) / bare };
}

async function start(name) {
  const child = fork(new URL('./flooded.mjs', import.meta.url), [name], { execArgv: ['--expose-gc'] });
  const [url] = await once(child, 'message');
  const viewer = name === 'looked-at' ? look(url) : undefined;
  return {
    slice: async () => {
      child.send('go');
      const [cpuMs] = await once(child, 'message');
      return cpuMs;
    },
    end: () => {
      viewer?.destroy();
      child.kill();
    },
  };
}

/** Reads the stream as a page does, in this process. */
function look(url) {
  const { origin, hash } = new URL(url);
  const authorization = `Bearer ${hash.slice('#token='.length)}`;
  return get(`${origin}/inspector/stream`, { headers: { authorization } }, (response) => response.resume());
}

/** Neighbours only ever add to a cost, and never the same to all: the better slices tell most. */
function lowerQuartile(values) {
  return values.toSorted((one, other) => one - other)[Math.floor(values.length / 4)];
}

function median(values) {
  return values.toSorted((one, other) => one - other)[Math.floor(values.length / 2)];
}
