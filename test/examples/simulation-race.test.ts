import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Scenario } from '@keelson/simulation';
import { exploreScenario, replay, simulate, SimulationError } from '@keelson/simulation';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const root = fileURLToPath(new URL('../..', import.meta.url));
const example = new URL('../../docs/examples/simulation-race/', import.meta.url);
const folder = mkdtempSync(join(tmpdir(), 'keelson-race-'));
let racy: Scenario;
let fixed: Scenario;
beforeAll(async () => {
  ({ racy, fixed } = (await import(new URL('scenarios.mjs', example).href)) as { racy: Scenario; fixed: Scenario });
});
afterAll(() => rmSync(folder, { recursive: true }));

describe('the tutorial of the simulation kit', () => {
  it('prints what it says it prints', () => {
    const program = fileURLToPath(new URL('main.mjs', example));
    const printed = execFileSync(process.execPath, [program, folder], { cwd: root, encoding: 'utf8', timeout: 60_000 });
    expect(printed).toMatch(/^in the usual order: passes\n/);
    expect(printed).toContain('Error: the price was raised to 3.50 EUR, and the cache says 3.00 EUR');
    expect(printed).toContain('race: journal(1).note before formatter(1).format, at step 11; the other way round it passes');
    expect(printed).toContain("'fixed cache' passes 1000 orders drawn at random\nand every order there is");
  });

  it('saved a failure that fails again', async () => {
    const [file] = readdirSync(folder);
    expect((await replay(join(folder, file as string))).outcome).toBe('fails');
  });

  it.each(Array.from({ length: 20 }, (_, index) => index + 1))('finds the one choice that matters from seed %i', (seed) => {
    const search = () => simulate(racy, { seed, runs: 300, failures: false });
    expect(search).toThrow(SimulationError);
    expect(search).toThrow(/order: \[0, 0, 0, 0, 0, 0, 0, 1\]/);
  });

  it('has no race left in the fixed cache, in any order', () => {
    expect(exploreScenario(fixed, { input: undefined, reduce: () => [] })).toMatchObject({ complete: true, cut: 0 });
  });

  it('finds the race by exploring, too', () => {
    const { failure } = exploreScenario(racy, { input: undefined, reduce: () => [] });
    expect(failure?.error.message).toContain('the cache says 3.00 EUR');
  });
});
