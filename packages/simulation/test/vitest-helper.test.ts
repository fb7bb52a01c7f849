import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { SimulationError } from '@keelson/simulation';
import { simulateInTest, test } from '@keelson/simulation/vitest';
import * as fc from 'fast-check';
import { afterEach, describe, expect, it } from 'vitest';
import type { TinyCommand } from './support/tiny-store-scenarios.js';
import { fixedStore, racyStore } from './support/tiny-store-scenarios.js';

const input = fc.constant<readonly TinyCommand[]>(['prune', 'get']);

describe('test.simulated', () => {
  let runs = 0;
  test.simulated('runs its scenario as often as it is told', { input, runs: 50 }, (context) => {
    runs += 1;
    fixedStore.run(context);
  });
  it('did so', () => expect(runs).toBe(50));
});

describe('a failing test.simulated', () => {
  const folder = mkdtempSync(join(tmpdir(), 'keelson-vitest-'));
  afterEach(() => {
    delete process.env['KEELSON_REPLAY'];
    rmSync(folder, { recursive: true, force: true });
  });
  const racy = { name: 'racy', path: fileURLToPath(import.meta.url), run: racyStore.run };

  it('says how to run it again in its test file, and that does', () => {
    expect(() => simulateInTest(racy, { input, failures: folder })).toThrow(
      /KEELSON_REPLAY=\S+racy-\w+\.json npx vitest run \S*vitest-helper\.test\.ts/,
    );
    process.env['KEELSON_REPLAY'] = join(folder, readdirSync(folder)[0] as string);
    expect(() => simulateInTest(racy, { input: fc.constant([]), failures: folder })).toThrow(SimulationError);
    expect(() => simulateInTest({ ...racy, name: 'another' }, { input, failures: folder })).not.toThrow();
  });
});
