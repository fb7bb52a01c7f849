import { execFile, execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { sayHi } from './measure.mjs';

/** podman with a storage of its own and the same image; `{ why }` where it cannot be had. */
export async function podman(folder, image) {
  const base = ['--root', join(folder, 'podman'), '--runroot', join(folder, 'podman-run'), '--runtime', 'runc', '--cgroup-manager', 'cgroupfs', '--events-backend', 'none'];
  const limits = ['--ulimit', 'nofile=1024:4096', '--ulimit', 'nproc=4096:4096'];
  try {
    // Not synchronously: the registry it pulls from is in this process.
    await promisify(execFile)('podman', [...base, 'pull', '-q', '--tls-verify=false', image]);
  } catch (error) {
    return { why: error.code === 'ENOENT' ? 'it is not installed (Debian package podman)' : String(error.stderr ?? error.message).trim() };
  }
  const argv = [...base, 'run', '--rm', '--network', 'host', ...limits, image, 'echo', 'hi'];
  const run = () => sayHi('podman', argv);
  try {
    await run();
  } catch (error) {
    return { why: error.message };
  }
  const close = () => execFileSync('sh', ['-c', 'umount -l "$1"/podman/overlay 2>/dev/null; true', 'sh', folder]);
  return { run, pids: () => [process.pid], close };
}
