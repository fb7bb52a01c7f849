import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { beforeEach, expect, it } from 'vitest';
import { needs } from '../support/needs.js';

const program = fileURLToPath(new URL('run.mjs', import.meta.url));

beforeEach((context) => needs(context, 'root'));

/** A sample of `npm run faults`, in a process of its own: it puts itself between the packages and the system. */
it('an agent that is killed, or refused, at any change it makes to the disk loses nothing', async () => {
  const { stdout } = await promisify(execFile)(process.execPath, [program, '--every', '23', '--errno', 'EIO'], {
    maxBuffer: 1 << 24,
  }).catch((error: { stdout: string }) => error);
  expect(stdout).toMatch(/^\d+ points, 0 broken$/m);
  const [, points] = /^(\d+) points/m.exec(stdout)!;
  expect(Number(points)).toBeGreaterThan(25);
}, 300_000);
