/**
 * `npm run conformance`: runs test/conformance and prints one line for each id of the list.
 *
 * `F05 passed`, `F05 FAILED: test`, `F05 MISSING`, `G01 later`, `V01 never: reason`, `P15 not ported: reason`.
 * Exits 1 when an id that must pass has no passing test, or any test of the group fails.
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { entries } from './entries.mjs';

const root = fileURLToPath(new URL('../..', import.meta.url));

/** Runs the tests and answers each one's title and whether it passed; a file that cannot load counts as one failure. */
function run() {
  const folder = mkdtempSync(join(tmpdir(), 'keelson-conformance-'));
  const file = join(folder, 'report.json');
  try {
    const { stderr } = spawnSync(
      process.execPath,
      ['node_modules/vitest/vitest.mjs', 'run', 'test/conformance', '--reporter=json', `--outputFile=${file}`],
      { cwd: root, encoding: 'utf8', maxBuffer: 1 << 26 },
    );
    let report;
    try {
      report = JSON.parse(readFileSync(file, 'utf8'));
    } catch {
      throw new Error(`the tests did not run: ${stderr}`);
    }
    return report.testResults.flatMap((file) =>
      file.assertionResults.length === 0
        ? [{ title: `${file.name}: ${file.message}`, passed: false }]
        : file.assertionResults.map((test) => ({ title: test.title, passed: test.status === 'passed' })),
    );
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

const results = new Map();
const strays = [];
for (const test of run()) {
  const id = /^([A-Z]{1,2}\d\d)\b/.exec(test.title)?.[1];
  if (!id) {
    if (!test.passed) strays.push(test.title);
    continue;
  }
  const result = results.get(id) ?? { passed: 0, failed: [] };
  if (test.passed) result.passed += 1;
  else result.failed.push(test.title);
  results.set(id, result);
}

const known = new Set(entries.map((entry) => entry.id));
const own = [...results.keys()].filter((id) => !known.has(id)).toSorted();
const counts = { passed: 0, bad: 0, elsewhere: 0 };

for (const { id, verdict } of [...entries, ...own.map((id) => ({ id, verdict: undefined }))]) {
  const result = results.get(id);
  if (result?.failed.length) {
    counts.bad += 1;
    console.log(`${id} FAILED: ${result.failed.join('; ')}`);
  } else if (result) {
    counts.passed += 1;
    console.log(`${id} passed`);
  } else if (verdict) {
    counts.elsewhere += 1;
    console.log(`${id} ${verdict}`);
  } else {
    counts.bad += 1;
    console.log(`${id} MISSING: no test of this id ran`);
  }
}
for (const title of strays) console.log(`FAILED: ${title}`);
console.log(`${counts.passed} passed, ${counts.bad + strays.length} failed or missing, ${counts.elsewhere} not run`);
process.exitCode = counts.bad + strays.length > 0 ? 1 : 0;
