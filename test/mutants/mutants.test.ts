import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { mutants } from './mutants.mjs';
import { trapMutants } from './trap-mutants.mjs';
import { traps } from './traps.mjs';

const faults: readonly { id: string; file: string; search: string; trap?: string }[] = [...mutants, ...trapMutants];

describe('the deliberate faults of npm run mutants', () => {
  it('each have their place in the built code', () => {
    const lost = faults.filter(({ file, search }) => {
      const built = readFileSync(new URL(`../../packages/${file}`, import.meta.url), 'utf8');
      return built.split(search).length !== 2;
    });
    expect(lost.map(({ id, file }) => `${id}: its text occurs not once in ${file}`)).toEqual([]);
  });

  it('put every trap back that concerns code here', () => {
    const put = new Set(faults.flatMap(({ trap = '' }) => trap.split(' ')));
    expect(traps.filter(({ number, none }) => none === undefined && !put.has(number))).toEqual([]);
  });
});
