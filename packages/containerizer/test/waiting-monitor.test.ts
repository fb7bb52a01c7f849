import { execFileSync } from 'node:child_process';
import {
  closeSync,
  existsSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import type { LauncherPid, LaunchPlace } from '@keelson/containerizer';
import { expect, it } from 'vitest';
import { describeRealWorlds } from './support/real-world.js';

await describeRealWorlds('a monitor of %s that was started early', ['crun', 'runc'], (world, name) => {
  /** The pid of the monitor that waits, if one was started. */
  async function prepared(launcher: LauncherPid, place: LaunchPlace): Promise<number | undefined> {
    const before = children();
    await launcher.prepare(place);
    return [...children()].find((pid) => !before.has(pid));
  }

  it.runIf(world.host.effectiveUserId === 0)('does not hide what is mounted on the host after it was started', async () => {
    const launcher = world.launcher();
    const request = world.request('mounted', ['cat', '/data/file']);
    const source = `${world.directory}/mounted`;
    mkdirSync(source);
    await launcher.prepare(request);
    execFileSync('mount', ['-t', 'tmpfs', 'tmpfs', source]);
    try {
      writeFileSync(`${source}/file`, 'mounted later\n');

      const mounts = [{ source, target: '/data', readOnly: true }];
      const launched = await launcher.launch({ ...request, mounts });

      expect(await launched.status).toBe(0);
      expect(readFileSync(request.stdio.stdout, 'utf8')).toBe('mounted later\n');
    } finally {
      execFileSync('umount', ['-l', source]);
    }
  });

  it('is not started for a container that takes our own input', async () => {
    const { stdio: _, ...place } = world.request('inherit', []);

    expect(await prepared(world.launcher(), place)).toBeUndefined();
  });

  it('is not started for a container that reads another input', async () => {
    const { stdio, ...place } = world.request('reading', []);

    expect(await prepared(world.launcher(), { ...place, stdio: { ...stdio, stdin: 0 } })).toBeUndefined();
  });

  // With mounts of its own, to hide one from its runtime, none is started early.
  if (name === 'crun' && existsSync('/sys/fs/cgroup/unified')) return;

  it('is the monitor of the container', async () => {
    const launcher = world.launcher();
    const request = world.request('early', ['sh', '-c', 'cat; echo over; read -r _ < /hold']);
    const monitor = await prepared(launcher, request);
    // Of one that is over before it was looked at, nothing is told but its end.
    const hold = `${world.rootfs}/hold`;
    execFileSync('mkfifo', [hold]);

    const launched = await launcher.launch(request);

    expect(launched.monitor?.pid).toBe(monitor);
    const held = openSync(hold, 'r+');
    writeSync(held, '\n');
    expect(await launched.status).toBe(0);
    closeSync(held);
    expect(readFileSync(request.stdio.stdout, 'utf8')).toBe('over\n');
  });

  it('ends with the container that is destroyed before it is launched, and tells of no end', async () => {
    const launcher = world.launcher();
    const request = world.request('unwanted', []);
    const monitor = await prepared(launcher, request);
    expect(monitor).toBeDefined();

    await launcher.destroy(request.id, request.runtimeDirectory, undefined);

    expect(children()).not.toContain(monitor);
    expect(existsSync(`${request.runtimeDirectory}/status`)).toBe(false);
  });

  it('is replaced when it is gone at the launch', async () => {
    const launcher = world.launcher();
    const request = world.request('killed', ['echo', 'hi']);
    const monitor = await prepared(launcher, request);
    const ended = world.host.exited((await world.host.identify(monitor!))!);
    process.kill(monitor!, 'SIGKILL');
    await ended;

    const launched = await launcher.launch(request);

    expect(await launched.status).toBe(0);
  });
});

function children(): ReadonlySet<number> {
  const lists = readdirSync('/proc/self/task').map((task) => readFileSync(`/proc/self/task/${task}/children`, 'utf8'));
  return new Set(lists.flatMap((list) => list.split(' ').filter(Boolean).map(Number)));
}
