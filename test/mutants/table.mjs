/** The page that lists every deliberate fault with the law that found it. */
export function tableOf(mutants, results, seed) {
  const rows = mutants.map(({ id, file, trap = '' }) => {
    const { killedBy, runs, why } = results.get(id);
    const cell = (text) => String(text ?? '').replaceAll('|', '\\|').replaceAll('\n', ' ').slice(0, 140);
    const source = file.replace('/dist/', '/src/').replace(/\.js$/, '.ts');
    return `| ${id} | \`${source}\` | ${trap} | ${cell(killedBy ?? '**survived**')} | ${runs ?? ''} | ${cell(why)} |`;
  });
  const found = mutants.filter(({ id }) => results.get(id).killedBy).length;
  return `# Deliberate faults, and what finds them

\`npm run mutants\` puts each of these faults into a copy of the built packages, one at a time, and lets the properties of
\`test/simulation\` look for it. It fails if one survives. This table is from seed ${seed}: ${found} of ${mutants.length} were
found. \`T…\` are traps that Mesos fell into or nearly did. A run is one whole scenario.

| fault | where | trap | found by | runs | as |
|---|---|---|---|---|---|
${rows.join('\n')}
`;
}
