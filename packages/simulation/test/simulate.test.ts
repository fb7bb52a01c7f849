import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { FailureFile } from '@keelson/simulation';
import {
  DelayBounded,
  PriorityWalk,
  RandomWalk,
  readFailure,
  replay,
  runPlan,
  saveFailure,
  simulate,
  simulatePlan,
  SimulationError,
} from '@keelson/simulation';
import * as fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { TinyCommand } from './support/tiny-store-scenarios.js';
import * as scenarios from './support/tiny-store-scenarios.js';
import { fixedStore, racyStore } from './support/tiny-store-scenarios.js';

const commands = () => fc.array(fc.constantFrom<TinyCommand>('get', 'prune'), { maxLength: 5 });
/** Passes in first-in-first-out order: the prune comes first. */
const pruneThenGet = { input: fc.constant<readonly TinyCommand[]>(['prune', 'get']) };

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'keelson-failures-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

function failureOf(run: () => unknown): SimulationError {
  try {
    run();
  } catch (error) {
    if (error instanceof SimulationError) return error;
    throw error;
  }
  throw new Error('it did not fail');
}

describe('simulate', () => {
  it('finds the race with the least it takes: two commands, one choice', () => {
    const { diagnosis } = failureOf(() => simulate(racyStore, { ...pruneThenGet, seed: 1, failures: folder }));
    expect(diagnosis.plan.order.filter((choice) => choice !== 0)).toEqual([1]);
    expect(diagnosis.choices).toHaveLength(1);
    expect(diagnosis.race).toMatchObject({ first: 'ask get', second: 'ask prune', decisive: true });
  });

  it('passes the fixed store in every order it tries, and counts', () => {
    const { runs, steps } = simulate(fixedStore, { input: commands(), runs: 500, failures: folder });
    expect(runs).toBe(500);
    expect(steps).toBeGreaterThan(500);
    expect(readdirSync(folder)).toEqual([]);
  });

  it.each([
    ['random walk', (seed: number) => new RandomWalk(seed)],
    ['priority walk', (seed: number) => new PriorityWalk(seed, { expectedSteps: 12 })],
    ['delay bounded', (seed: number) => new DelayBounded(seed, { expectedChoices: 8 })],
  ])('reduces what a %s finds to one choice as well', (_, strategy) => {
    const { diagnosis } = failureOf(() => simulate(racyStore, { ...pruneThenGet, strategy, seed: 1, failures: folder }));
    expect(diagnosis.choices).toHaveLength(1);
    expect(diagnosis.race?.decisive).toBe(true);
  });

  it('says that a failure in first-in-first-out order is no race', () => {
    const error = failureOf(() => simulatePlan(racyStore, { order: [], input: ['get', 'prune'] }, { failures: folder }));
    expect(error.diagnosis.race).toBeUndefined();
    expect(error.message).toContain('no race: it fails in first-in-first-out order');
  });

  it('prints the input, the choices, the racing pair, the trace, and how to run it again', () => {
    const plan = { order: [0, 0, 9, 0], input: ['prune', 'get'] as const };
    const { message } = failureOf(() => simulatePlan(racyStore, plan, { failures: folder }));
    expect(message).toContain('input: ["prune","get"]');
    expect(message).toMatch(/step 3: ask get runs before ask prune \(1 of 2\)/);
    expect(message).toContain('race: ask get before ask prune, at step 3; the other way round it passes');
    expect(message).toMatch(/step +process +event +cause/);
    expect(message).toMatch(/\d+ +puller\(1\) +pull\(a, true\) +store\(1\)\.get/);
    expect(message).toMatch(/npx keelson-simulate replay \S+racy-tiny-store-[0-9a-f]{8}\.json/);
  });

  it('goes back to a failure by its seed and path', () => {
    const first = failureOf(() => simulate(racyStore, { input: commands(), seed: 7, failures: folder }));
    const { seed, path } = first.origin as { seed: number; path: string };
    const again = failureOf(() => simulate(racyStore, { input: commands(), seed, path, failures: folder }));
    expect(again.origin.runs).toBe(1);
    expect(again.diagnosis.plan).toEqual(first.diagnosis.plan);
  });

  it('refuses to report what the plan does not decide', () => {
    let runs = 0;
    const fail = () => {
      throw new Error('in a bad mood');
    };
    const moody = { ...racyStore, run: () => void ((runs += 1) === 1 && fail()) };
    expect(() => simulatePlan(moody, { order: [], input: [] }, { failures: folder })).toThrow('something else decides it');
  });

  it('runs the same plan the same way a thousand times', () => {
    const plan = { order: [0, 2, 1, 0, 1], input: ['get', 'prune', 'get'] as const };
    const traceOf = () => JSON.stringify(runPlan(fixedStore, plan, { recording: true }).trace);
    const first = traceOf();
    expect(Array.from({ length: 1_000 }, traceOf).filter((trace) => trace !== first)).toEqual([]);
  });
});

describe('a saved failure', () => {
  const save = (): string => {
    const { origin } = failureOf(() => simulate(racyStore, { ...pruneThenGet, failures: folder }));
    return origin.file as string;
  };
  const load = () => Promise.resolve({ ...scenarios });

  it('holds the plan, the race and the trace under one name each time', () => {
    const path = save();
    const file = readFailure(path);
    expect(file).toMatchObject({ version: 1, scenario: { name: 'racy tiny store' }, error: { name: 'Error' } });
    expect(file.trace.some(({ kind, process }) => kind === 'begun' && process === 'store(1)')).toBe(true);
    simulatePlanAgain(file);
    expect(readdirSync(folder)).toHaveLength(1);
  });

  function simulatePlanAgain(file: FailureFile): void {
    const plan = file.plan as { order: number[]; input: readonly TinyCommand[] };
    failureOf(() => simulatePlan(racyStore, plan, { failures: folder }));
  }

  it('fails again when it is replayed, with the same report', async () => {
    const replayed = await replay(save(), load);
    expect(replayed.outcome).toBe('fails');
    expect(replayed.report).toContain('race: ask get before ask prune');
  });

  it('passes when the program was fixed meanwhile', async () => {
    const repaired = { repaired: { ...racyStore, run: fixedStore.run } };
    const { outcome, report } = await replay(save(), () => Promise.resolve(repaired));
    expect(outcome).toBe('passes');
    expect(report).toContain("'racy tiny store' passes now");
  });

  it('is told apart when the program fails otherwise now', async () => {
    const broken = { ...racyStore, run: () => expect(1).toBe(2) };
    expect((await replay(save(), () => Promise.resolve({ broken }))).outcome).toBe('different');
  });

  it('is refused when its scenario is gone, or it is no such file, or of another version', async () => {
    const path = save();
    await expect(replay(path, () => Promise.resolve({ fixedStore }))).rejects.toThrow("it has: 'fixed tiny store'");
    writeFileSync(join(folder, 'other.json'), '{}');
    expect(() => readFailure(join(folder, 'other.json'))).toThrow('is not a saved failure');
    writeFileSync(join(folder, 'newer.json'), JSON.stringify({ ...readFailure(path), version: 2 }));
    expect(() => readFailure(join(folder, 'newer.json'))).toThrow('is of version 2');
    expect(() => readFailure(join(folder, 'none.json'))).toThrow('cannot read');
  });

  it('is made with its folder', () => {
    const { diagnosis, origin } = failureOf(() => simulate(racyStore, { ...pruneThenGet, failures: false }));
    expect(origin.file).toBeUndefined();
    const deep = join(folder, 'a', 'b');
    expect(existsSync(saveFailure(deep, racyStore, diagnosis, { maxSteps: 10, origin }))).toBe(true);
  });
});
