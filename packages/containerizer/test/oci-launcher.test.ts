import { existsSync } from 'node:fs';
import { expect, it } from 'vitest';
import { describeRealWorlds } from './support/real-world.js';

await describeRealWorlds('%s that is believed to work', ['crun', 'runc'], (world, name) => {
  const record = `${world.paths.root}/runtime/probes/${name}/works`;

  const requestFor = (id: string) => world.request(id, ['nothing-of-that-name']);

  it('is believed on, whatever is wrong with a container', async () => {
    await world.launcher().probe();
    const missing = world.launcher().launch(requestFor('no-command'));

    await expect(missing).rejects.toMatchObject({ code: 'COMMAND_NOT_FOUND' });
    expect(existsSync(record)).toBe(true);
  });

  it('is tried out once more after a launch that failed', async () => {
    const launcher = world.launcher();
    await expect(launcher.launch({ ...requestFor('no-root'), rootfs: '/nowhere/at/all' })).rejects.toMatchObject({
      code: 'LAUNCH_FAILED',
    });
    expect(existsSync(record)).toBe(false);

    await launcher.probe();
    expect(existsSync(record)).toBe(true);
  });
});
