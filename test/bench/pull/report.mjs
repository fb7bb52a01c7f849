import { median, ratioOf } from '../launch/measure.mjs';

/** Of the time of the peer named, or of the best one; and what no pull of ours may need. */
const floors = {
  debian: { peer: 'best', atMost: 0.6 },
  nodeapp: { peer: 'containerd', atMost: 0.45 },
  forty: { peer: 'containerd', atMost: 0.7 },
};
const mostMb = 256;
const ours = ['keelson', 'commandLine'];

/** Prints how everybody did with one image, and answers what was missed. */
export function report(image, taken) {
  const walls = Object.fromEntries(Object.entries(taken).map(([name, rounds]) => [name, rounds.map(({ wallMs }) => wallMs)]));
  const peers = Object.keys(taken).filter((name) => !ours.includes(name));
  console.log(`\n${image}`.padEnd(22) + ['time', 'cpu', 'keelson/it', 'cpu', 'peak MB'].map((head) => head.padStart(11)).join(''));
  for (const [name, rounds] of Object.entries(taken)) {
    const cpus = rounds.map(({ cpuMs }) => cpuMs);
    const mine = taken.keelson?.map(({ cpuMs }) => cpuMs);
    const cells = [
      Math.round(median(walls[name])),
      Math.round(median(cpus)),
      mine ? ratioOf(walls.keelson, walls[name]).toFixed(2) : '',
      mine ? ratioOf(mine, cpus).toFixed(2) : '',
      Math.round(Math.max(...rounds.map(({ peakMb }) => peakMb))),
    ];
    console.log(`  ${name}`.padEnd(21) + cells.map((cell) => String(cell).padStart(11)).join(''));
  }
  return taken.keelson ? [...ratioMissed(image, walls, peers), ...memoryMissed(image, taken.keelson)] : [];
}

function ratioMissed(image, walls, peers) {
  const floor = floors[image];
  if (!floor) return [];
  const peer = floor.peer === 'best' ? best(walls, peers) : floor.peer;
  if (!walls[peer]) return [`${image}: there was nobody to compare with`];
  const ratio = ratioOf(walls.keelson, walls[peer]);
  console.log(`  ${ratio.toFixed(2)}x of ${peer}; at most ${floor.atMost}`);
  return ratio > floor.atMost ? [`${image} took ${ratio.toFixed(2)}x of ${peer}, not ${floor.atMost}`] : [];
}

function memoryMissed(image, rounds) {
  const peak = Math.max(...rounds.map(({ peakMb }) => peakMb));
  return peak < mostMb ? [] : [`${image} took ${Math.round(peak)} MB, not ${mostMb}`];
}

function best(walls, peers) {
  return peers.toSorted((one, other) => median(walls[one]) - median(walls[other]))[0];
}
