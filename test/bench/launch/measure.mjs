import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';

const ticksPerSecond = 100;

/** Processor time of processes and of the children they waited for, in ms (proc_pid_stat(5), fields 14 to 17). */
export function cpuMs(pids) {
  return pids.reduce((total, pid) => {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ').slice(11, 15);
    return total + (fields.reduce((sum, ticks) => sum + Number(ticks), 0) * 1_000) / ticksPerSecond;
  }, 0);
}

export function median(list) {
  const sorted = list.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

/** Median of the ratios round by round: what slows a whole round down slows both. */
export function ratioOf(ours, theirs) {
  return median(ours.map((wall, round) => wall / theirs[round]));
}

/** Runs a program that ends with 0 and says "hi" last. */
export async function sayHi(program, argv) {
  const child = spawn(program, argv, { stdio: ['ignore', 'pipe', 'pipe'] });
  let said = '';
  child.stdout.on('data', (chunk) => (said += chunk));
  child.stderr.on('data', (chunk) => (said += chunk));
  const [code] = await once(child, 'close');
  if (code !== 0 || !said.endsWith('hi\n')) throw new Error(`${program} ended with ${code}: ${said}`);
}
