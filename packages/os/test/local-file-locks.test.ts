import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { LocalFileLocks, type HeldFileLock } from '@keelson/os';
import { temporaryDirectory } from './temporary-directory.js';

const locks = new LocalFileLocks();

describe('LocalFileLocks', () => {
  it('gives a lock to one, tells the others whose it is, and gives it again after the release', async ({
    onTestFinished,
  }) => {
    const path = join(temporaryDirectory(onTestFinished), 'lock');

    const first = (await locks.tryAcquire(path)) as HeldFileLock;
    expect(await locks.tryAcquire(path)).toEqual({ ownerPid: process.pid });
    first.release();
    first.release();

    const second = (await locks.tryAcquire(path)) as HeldFileLock;
    expect(second.release).toBeTypeOf('function');
    second.release();
    expect(existsSync(path)).toBe(true);
  });

  it('is free again when its owner was killed', async ({ onTestFinished }) => {
    const path = join(temporaryDirectory(onTestFinished), 'lock');
    const script = `import { LocalFileLocks } from '${new URL('../dist/index.js', import.meta.url).pathname}';
      await new LocalFileLocks().tryAcquire(${JSON.stringify(path)}); 
      console.log('held'); setInterval(() => {}, 1e6);`;
    const owner = spawn(process.execPath, ['--input-type=module', '-e', script], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    await once(owner.stdout, 'data');

    expect(await locks.tryAcquire(path)).toEqual({ ownerPid: owner.pid });
    owner.kill('SIGKILL');
    await once(owner, 'exit');

    const held = (await locks.tryAcquire(path)) as HeldFileLock;
    expect(held.release).toBeTypeOf('function');
    held.release();
  });

  it('fails on what cannot be a lock file', async ({ onTestFinished }) => {
    const root = temporaryDirectory(onTestFinished);
    symlinkSync('elsewhere', join(root, 'link'));

    await expect(locks.tryAcquire(join(root, 'link'))).rejects.toMatchObject({
      name: 'FileError',
      code: 'ELOOP',
    });
    await expect(locks.tryAcquire(join(root, 'missing/lock'))).rejects.toMatchObject({ code: 'ENOENT' });
    expect(existsSync(join(root, 'elsewhere'))).toBe(false);
  });
});
