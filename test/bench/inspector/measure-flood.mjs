import { fork } from 'node:child_process';
import { once } from 'node:events';
import { get } from 'node:http';

/** Answers how many times the CPU time of a bare flood the same one takes that is watched, and looked at. */
export async function measureFlood({ turns }) {
  const child = fork(new URL('./flooded.mjs', import.meta.url));
  const [url] = await once(child, 'message');
  try {
    const watched = await ratio(child, turns);
    const viewer = look(url);
    const lookedAt = await ratio(child, turns);
    viewer.destroy();
    return { watched, lookedAt };
  } finally {
    child.kill();
  }
}

/**
 * Slices take turns, in an order that does not swing with the collector: what one leaves behind another may have to sweep.
 */
async function ratio(child, turns) {
  const costs = { bare: [], watched: [] };
  for (let turn = -3; turn < turns; turn += 1) {
    const names = (turn * 7_919) % 5 < 2.5 ? ['bare', 'watched'] : ['watched', 'bare'];
    for (const name of names) {
      child.send(name);
      const [cpuMs] = await once(child, 'message');
      // The first turns only warm up.
      if (turn >= 0) costs[name].push(cpuMs);
    }
  }
  return lowerQuartile(costs.watched) / lowerQuartile(costs.bare);
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
