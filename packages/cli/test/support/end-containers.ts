import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** After a test that failed half-way: ends what still runs from `root` and takes down what is mounted below it. */
export function endContainers(root: string): void {
  const containers = join(root, 'runtime/containers');
  for (const id of existsSync(containers) ? readdirSync(containers) : []) {
    const pidFile = join(containers, id, 'launcher/pid');
    const ended = existsSync(join(containers, id, 'termination')) || !existsSync(pidFile);
    const pid = ended ? 0 : Number(readFileSync(pidFile, 'utf8'));
    try {
      if (pid > 1) process.kill(pid, 'SIGKILL');
    } catch {
      // It ended by itself.
    }
  }
  const mounts = readFileSync('/proc/self/mountinfo', 'utf8')
    .split('\n')
    .map((line) => line.split(' ')[4] ?? '');
  for (const target of mounts.filter((path) => path.startsWith(`${root}/`)).toReversed()) {
    execFileSync('umount', ['-l', target]);
  }
}
