import { Containerd } from '../containerd.mjs';
import { Podman } from '../podman.mjs';
import { cpuMsOf } from '../watched-process.mjs';

/** Each is made for a folder of its own: `load` an archive, `prune` all of it and answer what that took, `close`. */
export const peers = { containerd, podman };

async function containerd(folder) {
  const daemon = await Containerd.start(folder);
  return {
    load: (archive) => daemon.ctr('images', 'import', archive),
    async prune() {
      const names = (await daemon.ctr('images', 'ls', '-q')).split('\n').filter(Boolean);
      // One command, and its collection of garbage waited for.
      return measured([process.pid, daemon.pid], () => daemon.ctr('images', 'rm', '--sync', ...names));
    },
    close: () => daemon.close(),
  };
}

async function podman(folder) {
  const own = new Podman(folder);
  return {
    load: (archive) => own.run('load', '-q', '-i', archive),
    prune: () => measured([process.pid], () => own.run('image', 'prune', '-af')),
    close: () => own.close(),
  };
}

async function measured(pids, work) {
  const before = pids.map(cpuMsOf);
  const startedAt = performance.now();
  await work();
  const wallMs = performance.now() - startedAt;
  return { wallMs, cpuMs: pids.reduce((sum, pid, index) => sum + cpuMsOf(pid) - before[index], 0) };
}
