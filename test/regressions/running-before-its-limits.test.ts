import { LinuxLauncher } from '@keelson/containerizer';
import { LocalFiles, LocalHost, LocalSubprocesses } from '@keelson/os';
import { Runtime } from '@keelson/process';
import { existsSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';

/**
 * The init of the linux launcher told its pid before it joined its control groups, and a launch is over when that is
 * read: a container was RUNNING for a moment without the limits it was given, seen since pid files are told by inotify.
 * A group that cannot be joined shows which comes first.
 */
it.runIf(process.geteuid?.() === 0)('a container that cannot join its control group never counts as started', async () => {
  const folder = mkdtempSync(join(existsSync('/dev/shm') ? '/dev/shm' : tmpdir(), 'keelson-limits-'));
  const [runtimeDirectory, rootfs] = [join(folder, 'web'), join(folder, 'rootfs')];
  for (const path of [runtimeDirectory, rootfs]) mkdirSync(path);
  const runtime = new Runtime();
  const tools = { files: new LocalFiles(), host: new LocalHost(), subprocesses: new LocalSubprocesses() };
  const launched = runtime.spawn(new LinuxLauncher(tools)).launch({
    id: 'web',
    runtimeDirectory,
    rootfs,
    argv: ['/nothing'],
    environment: {},
    workingDirectory: '/',
    user: { uid: 0, gid: 0, additionalGids: [] },
    hostname: 'web',
    mounts: [],
    network: 'host',
    cgroup: { path: '/keelson/none', members: ['/dev/full'] },
    stdio: { stdout: join(folder, 'stdout'), stderr: join(folder, 'stderr') },
  });
  await expect(launched).rejects.toMatchObject({ code: 'LAUNCH_FAILED', message: expect.stringContaining('ENOSPC') as string });
  await runtime.finalize();
  rmSync(folder, { recursive: true, force: true });
});
