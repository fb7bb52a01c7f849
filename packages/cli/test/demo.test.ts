import { mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { findProgram, needs } from '../../../test/support/needs.js';
import { run, start } from './support/keelson.js';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'keelson-demo-test-'));
  mkdirSync(join(folder, 'tmp'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const leftovers = (): string[] => readdirSync(join(folder, 'tmp'));

describe('keelson demo', { timeout: 180_000 }, () => {
  it('takes every step and leaves nothing behind', async (context) => {
    needs(context, 'root', 'unshare');
    const { exitCode, stdout, stderr } = await run(['demo', '--json'], { TMPDIR: join(folder, 'tmp') });
    const { steps, reclaimed } = JSON.parse(stdout);
    expect(steps.map(({ name, status }: { name: string; status: string }) => [name, status])).toEqual(
      ['pull', 'launch', 'end', 'plan', 'prune', 'read', 'reclaim'].map((name) => [name, 'done']),
    );
    expect(reclaimed).toMatchObject({ images: 2, layers: 2 });
    expect(reclaimed.unlinkedBytes).toBeGreaterThan(8_000_000);
    expect(exitCode).toBe(0);
    expect(stderr).toContain('A keelson lies along the keel and holds the ship together.');
    expect(leftovers()).toEqual([]);
  });

  it('is a text for people, without colours where there is no terminal', async (context) => {
    needs(context, 'root', 'unshare');
    const { exitCode, stdout, stderr } = await run(['demo'], { TMPDIR: join(folder, 'tmp'), NO_COLOR: '' });
    expect([exitCode, stderr]).toEqual([0, '']);
    expect(stdout).not.toContain('\u001b');
    expect(stdout.match(/^● .*$/gm)).toHaveLength(7);
    expect(stdout).toMatch(/hello +│ Hello from a root filesystem of my own\./);
    expect(stdout).toMatch(/tally +│ the draft of the layer below is hidden/);
    expect(stdout).toMatch(/library +│ A keelson lies along the keel/);
  });

  it('says NO_LAUNCHER where there is none, takes the other steps, and ends with 69', async () => {
    const programs = join(folder, 'programs');
    mkdirSync(programs);
    for (const name of ['sh', 'sleep', 'cat', 'ls']) symlinkSync(findProgram(name)!, join(programs, name));
    const { exitCode, stdout } = await run(['demo', '--json'], {
      TMPDIR: join(folder, 'tmp'),
      PATH: programs,
    });
    const { steps, reclaimed } = JSON.parse(stdout);
    expect(steps.map(({ name, status }: { name: string; status: string }) => `${name} ${status}`)).toEqual([
      'pull done',
      'launch skipped',
      'end skipped',
      'plan done',
      'prune done',
      'read skipped',
      'reclaim done',
    ]);
    expect(steps[1].message).toMatch(/^NO_LAUNCHER: /);
    expect(reclaimed.images).toBe(2);
    expect(exitCode).toBe(69);
    expect(leftovers()).toEqual([]);
  });

  it('cleans up when it is interrupted', async (context) => {
    needs(context, 'root', 'unshare');
    const demo = start(['demo'], { TMPDIR: join(folder, 'tmp') });
    await demo.said('Launch a container from each');
    demo.child.kill('SIGINT');
    const { exitCode, stderr } = await demo.outcome;
    expect([exitCode, stderr]).toEqual([130, expect.stringMatching(/^keelson: INTERRUPTED: /m)]);
    expect(leftovers()).toEqual([]);
  });
});
