import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { examine, inputOf, targets } from './inputs.mjs';

const seed = 20_171_117;
const start = process.cwd();
let folder: string;
let extraction: ReturnType<typeof targets.archives.open>;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'keelson-fuzz-'));
  extraction = targets.archives.open(folder);
  await extraction.start();
});
afterAll(() => {
  process.chdir(start);
  rmSync(folder, { recursive: true, force: true });
});

/** The first `count` inputs of the recorded runs' seed. */
async function outcomesOf(name: keyof typeof targets, count: number): Promise<Set<string>> {
  const outcomes = new Set<string>();
  for (let index = 0; index < count; index++) {
    const isExtracted = name === 'archives' && targets.archives.isExtracted(index);
    outcomes.add(await examine(targets[name], inputOf(targets[name], seed, index), isExtracted ? extraction : undefined));
  }
  return outcomes;
}

describe('what reads hostile input', () => {
  it.each([
    ['archives', 1500, ['accepted', 'TAR_INVALID', 'TAR_TRUNCATED', 'PATH_ESCAPES']],
    ['documents', 1500, ['accepted', 'refused']],
    ['references', 5000, ['accepted', 'INVALID_REFERENCE']],
    ['challenges', 5000, ['accepted', 'refused']],
  ] as const)('refuses with a code or keeps its promises: %s', async (name, count, some) => {
    expect([...(await outcomesOf(name, count))]).toEqual(expect.arrayContaining([...some]));
  });

  it('leaves no descriptor open', () => extraction.finish());
});

describe('the fuzzer', () => {
  it('makes the same input of the same seed and number', () => {
    for (const target of Object.values(targets)) {
      expect(inputOf(target, seed, 4711)).toEqual(inputOf(target, seed, 4711));
      expect(inputOf(target, seed, 4711)).not.toEqual(inputOf(target, seed + 1, 4711));
    }
  });

  it('notices what is changed outside the root', async () => {
    writeFileSync(join(folder, 'outside/victim'), 'changed');
    await expect(extraction.check(targets.archives.seeds[0]!)).rejects.toThrow('outside became');
  });
});
