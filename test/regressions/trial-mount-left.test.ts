import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { LocalFiles, LocalMounts, PoolExecutor } from '@keelson/os';
import { Runtime } from '@keelson/process';
import { createBackends, ProvisionerPaths } from '@keelson/provisioner';
import { expect, it } from 'vitest';

const root = process.geteuid?.() === 0;

/**
 * An agent that was killed during its trial of overlay left that mounted, and the next one took it off only with its own
 * trial: at the first root filesystem it was asked for, if ever.
 */
it.runIf(root)('the mount of a trial that was cut short goes with the next start', async ({ onTestFinished }) => {
  const folder = mkdtempSync('/dev/shm/keelson-trial-');
  const executor = new PoolExecutor();
  const [files, mounts, runtime] = [new LocalFiles(), new LocalMounts({ executor }), new Runtime({ executor })];
  onTestFinished(async () => {
    await mounts.detach(`${probe}/merged`);
    await runtime.finalize();
    await executor.close();
    rmSync(folder, { recursive: true, force: true });
  });
  const paths = new ProvisionerPaths(folder);
  const probe = `${paths.root}/.probe`;
  const [lower, upper, work, target] = ['lower', 'upper', 'work', 'merged'].map((name) => `${probe}/${name}`);
  for (const each of [lower, upper, work, target]) await files.makeDirectory(each!);
  await mounts.mountOverlay({ lower: [lower!], upper: upper!, work: work!, target: target! });

  await createBackends({ runtime, paths, files, mounts, executor, host: { effectiveUserId: 0 } });

  expect((await mounts.list()).map((mount) => mount.target)).not.toContain(target);
  expect(existsSync(probe)).toBe(false);
});
