import { existsSync, mkdirSync } from 'node:fs';
import { expect, it } from 'vitest';
import { describeRealWorlds } from './support/real-world.js';

await describeRealWorlds('%s that is believed to work', ['crun', 'runc'], (world, name) => {
  const record = `${world.paths.root}/runtime/probes/${name}/works`;

  function requestFor(id: string, rootfs: string) {
    const runtimeDirectory = world.paths.container(id);
    for (const path of [runtimeDirectory, world.paths.sandbox(id)]) mkdirSync(path, { recursive: true });
    return {
      id,
      runtimeDirectory,
      rootfs,
      argv: ['nothing-of-that-name'],
      environment: { PATH: '/bin' },
      workingDirectory: '/',
      user: { uid: 0, gid: 0, additionalGids: [] },
      hostname: id,
      mounts: [],
      network: 'host' as const,
      stdio: { stdout: world.paths.stdout(id), stderr: world.paths.stderr(id) },
    };
  }

  it('is believed on, whatever is wrong with a container', async () => {
    await world.launcher().probe();
    const missing = world.launcher().launch(requestFor('no-command', world.rootfs));

    await expect(missing).rejects.toMatchObject({ code: 'COMMAND_NOT_FOUND' });
    expect(existsSync(record)).toBe(true);
  });

  it('is tried out once more after a launch that failed', async () => {
    const launcher = world.launcher();
    await expect(launcher.launch(requestFor('no-root', '/nowhere/at/all'))).rejects.toMatchObject({
      code: 'LAUNCH_FAILED',
    });
    expect(existsSync(record)).toBe(false);

    await launcher.probe();
    expect(existsSync(record)).toBe(true);
  });
});
