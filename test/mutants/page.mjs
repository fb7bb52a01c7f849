import { traps } from './traps.mjs';

/** The page that lists every deliberate fault with the law or test that found it, and every trap with its faults. */
export function pageOf(mutants, results, seed) {
  const found = mutants.filter(({ id }) => results.get(id).killedBy).length;
  const byLaw = mutants.filter(({ test }) => test === undefined);
  const byTest = mutants.filter(({ test }) => test !== undefined);
  return `# Deliberate faults, and what finds them

\`npm run mutants\` puts each of these faults into a copy of the built packages, one at a time, and lets the properties of
\`test/simulation\` look for it, or the one test that is named with it. It fails if one survives. These tables are from seed
${seed}: ${found} of ${mutants.length} were found. \`T…\` are [traps](#traps) that Mesos fell into or nearly did.

## Found by a property

A run is one whole scenario.

| fault | where | trap | found by | runs | as |
|---|---|---|---|---|---|
${byLaw.map((mutant) => lawRow(mutant, results.get(mutant.id))).join('\n')}

## Found by a test

What lies outside the simulated machine, or is decided in one place, has a test of its own.

| fault | where | trap | found by | as |
|---|---|---|---|---|
${byTest.map((mutant) => testRow(mutant, results.get(mutant.id))).join('\n')}

## Traps

Each trap with the faults that put it back; what finds them is in the tables above.

| trap | what went wrong | put back as |
|---|---|---|
${traps.map((trap) => trapRow(trap, mutants)).join('\n')}
`;
}

/** The table of docs/simulation.md: what each property finds, and after how many runs. */
export function summaryOf(mutants, results) {
  const rows = mutants.map(({ id, test }) => {
    const { killedBy, runs } = results.get(id);
    return `| ${id} | ${cell(killedBy ?? '**survived**')} | ${test ? '' : (runs ?? '')} |`;
  });
  return ['| fault | found by | runs |', '|---|---|---|', ...rows].join('\n');
}

function lawRow({ id, file, trap = '' }, { killedBy, runs, why }) {
  return `| ${id} | ${source(file)} | ${trap} | ${cell(killedBy ?? '**survived**')} | ${runs ?? ''} | ${cell(why)} |`;
}

function testRow({ id, file, trap = '' }, { killedBy, why }) {
  return `| ${id} | ${source(file)} | ${trap} | ${cell(killedBy ?? '**survived**')} | ${cell(why)} |`;
}

function trapRow({ number, what, none }, mutants) {
  const faults = mutants.filter(({ trap = '' }) => trap.split(' ').includes(number)).map(({ id }) => id);
  return `| ${number} | ${what} | ${none ?? faults.join('; ')} |`;
}

function source(file) {
  return `\`${file.replace('/dist/', '/src/').replace(/\.js$/, '.ts')}\``;
}

function cell(text) {
  return String(text ?? '').replaceAll('|', '\\|').replaceAll('\n', ' ').slice(0, 140);
}
