import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** Where crun of old refuses to live beside an empty cgroup v2 mount: a mount namespace without it, as the agent does. */
const hybrid = '/sys/fs/cgroup/unified';

/**
 * The OCI runtime alone, with the specification of a container that the agent launched, on an overlay of the same layers
 * that is mounted once and for all.
 */
export async function bareRuntime({ runtime, agent, image, folder }) {
  const id = `spec-${runtime}`;
  await agent.must('run', '-d', '--name', id, '--launcher', runtime, image, '--', 'sleep', '1000');
  const spec = JSON.parse(readFileSync(join(agent.root, 'runtime/containers', id, 'launcher/config.json'), 'utf8'));
  const mount = readFileSync('/proc/self/mountinfo', 'utf8').split('\n').find((line) => line.includes(` ${spec.root.path} `));
  const lower = [...mount.matchAll(/lowerdir\+?=([^, ]+)/g)].map((found) => found[1]).join(':');
  await agent.must('destroy', id);
  const place = join(folder, `bare-${runtime}`);
  for (const name of ['up', 'work', 'rootfs', 'state', 'bundle']) mkdirSync(join(place, name), { recursive: true });
  const rootfs = join(place, 'rootfs');
  execFileSync('mount', ['-t', 'overlay', 'overlay', '-o', `lowerdir=${lower},upperdir=${place}/up,workdir=${place}/work`, rootfs]);

  const mounts = spec.mounts.filter(({ source }) => !source.startsWith(agent.root));
  const own = { ...spec, mounts, root: { path: rootfs }, linux: { ...spec.linux, cgroupsPath: `/keelson/bench-${process.pid}` } };
  own.process = { ...spec.process, args: ['echo', 'hi'] };
  writeFileSync(join(place, 'bundle/config.json'), JSON.stringify(own));
  const words = [runtime, '--root', join(place, 'state'), 'run', '--bundle', join(place, 'bundle'), 'bench'];
  const hidden = runtime === 'crun' && existsSync(hybrid);
  const argv = hidden ? ['unshare', '--mount', '/bin/sh', '-c', 'umount "$0" && exec "$@"', hybrid, ...words] : words;
  return {
    pids: () => [process.pid],
    async run() {
      const child = spawn(argv[0], argv.slice(1), { stdio: ['ignore', 'pipe', 'inherit'] });
      let said = '';
      child.stdout.on('data', (chunk) => (said += chunk));
      const [code] = await once(child, 'close');
      if (code !== 0 || said !== 'hi\n') throw new Error(`${runtime} alone ended with ${code} and said ${JSON.stringify(said)}`);
    },
    close: () => execFileSync('umount', [rootfs]),
  };
}
