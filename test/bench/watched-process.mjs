import { spawn } from 'node:child_process';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';

const ticksPerSecond = 100;

/** Processor time of a process and of the children it waited for, in ms (proc_pid_stat(5), fields 14 to 17). */
export function cpuMsOf(pid) {
  const fields = statOf(pid).split(' ').slice(11, 15);
  return (fields.reduce((sum, ticks) => sum + Number(ticks), 0) * 1_000) / ticksPerSecond;
}

/** Begins anew to note the most memory that the process has had. */
export function forgetPeak(pid) {
  writeFileSync(`/proc/${pid}/clear_refs`, '5');
}

/** The most memory it has had, in MB; 0 for one that is gone. */
export function peakMbOf(pid) {
  try {
    return Number(/VmHWM:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'latin1'))?.[1] ?? 0) / 1024;
  } catch {
    return 0;
  }
}

/**
 * Runs a program to its end.
 *
 * @returns `{ peakMb }`, of the largest process among it and its children, looked at every few ms
 * @throws what it said on stderr
 */
export function runWatched(program, words, environment = {}) {
  const child = spawn(program, words, { stdio: ['ignore', 'ignore', 'pipe'], env: { ...process.env, ...environment } });
  let said = '';
  child.stderr.on('data', (chunk) => (said = `${said}${chunk}`.slice(-2_000)));
  let peakMb = 0;
  const watch = setInterval(() => (peakMb = Math.max(peakMb, ...familyOf(child.pid).map(peakMbOf))), 15);
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code) => (code === 0 ? resolve({ peakMb }) : reject(new Error(`${program} ${words.at(0)} ended with ${code}: ${said.trim()}`))));
  }).finally(() => clearInterval(watch));
}

function familyOf(pid) {
  const children = [];
  for (const each of childrenOf(pid)) children.push(...familyOf(each));
  return [pid, ...children];
}

function childrenOf(pid) {
  try {
    return readdirSync(`/proc/${pid}/task`).flatMap((task) => readFileSync(`/proc/${pid}/task/${task}/children`, 'latin1').split(' ').filter(Boolean));
  } catch {
    return [];
  }
}

function statOf(pid) {
  const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
  return stat.slice(stat.lastIndexOf(')') + 2);
}
