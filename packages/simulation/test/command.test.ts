import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { diagnose, saveFailure } from '@keelson/simulation';
import { afterAll, describe, expect, it } from 'vitest';
import { racyStore } from './support/tiny-store-scenarios.js';

const program = fileURLToPath(new URL('../bin/keelson-simulate.js', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'keelson-replay-'));
afterAll(() => rmSync(folder, { recursive: true }));

function keelsonSimulate(...words: string[]): { status: number | null; stdout: string; stderr: string } {
  const { status, stdout, stderr } = spawnSync(process.execPath, [program, ...words], { encoding: 'utf8' });
  return { status, stdout, stderr };
}

describe('keelson-simulate replay', () => {
  it('runs a saved failure of a TypeScript scenario again, and exits with 1 while it fails', () => {
    const diagnosis = diagnose(racyStore, { order: [0, 0, 1], input: ['prune', 'get'] });
    const file = saveFailure(folder, racyStore, diagnosis!, { maxSteps: 1_000, origin: { scenario: racyStore.name } });

    const { status, stdout, stderr } = keelsonSimulate('replay', file);
    expect(stderr).toBe('');
    expect(stdout).toContain('race: ask get before ask prune, at step 3; the other way round it passes');
    expect(status).toBe(1);
  });

  it('exits with 2 and says why when there is nothing to run', () => {
    const { status, stderr } = keelsonSimulate('replay', join(folder, 'none.json'));
    expect(stderr).toMatch(/^keelson-simulate: cannot read .*none\.json: ENOENT/);
    expect(status).toBe(2);
    expect(keelsonSimulate().stderr).toContain('usage: keelson-simulate replay FILE');
  });
});
