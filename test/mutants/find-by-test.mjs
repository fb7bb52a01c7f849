import { spawn } from 'node:child_process';
import { readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';

/**
 * Runs the test that is named with a fault, in a copy that has it. Answers as a hunt does: `killedBy` is the test.
 *
 * @throws when no test of that name ran: a fault that nothing looked for is not found
 */
export async function findByTest(root, copy, { test, name }) {
  const report = join(copy, 'report.json');
  rmSync(report, { force: true });
  const vitest = join(root, 'node_modules', 'vitest', 'vitest.mjs');
  const words = ['run', test, '--root', copy, '--reporter', 'json', '--outputFile', report];
  if (name !== '') words.push('-t', name.replaceAll(/[()[\]{}.*+?^$|\\]/g, '\\$&'));
  const output = await run(process.execPath, [vitest, ...words], copy);
  const tests = reportOf(report, output).testResults.flatMap(({ assertionResults }) => assertionResults);
  const ran = tests.filter(({ status }) => status === 'passed' || status === 'failed');
  if (ran.length === 0) throw new Error(`no test of ${test} is called '${name}', or it cannot be loaded: ${output.slice(-300)}`);
  const failed = ran.find(({ status }) => status === 'failed');
  if (!failed) return { runs: 1 };
  const [why = ''] = failed.failureMessages[0]?.split('\n') ?? [];
  return { killedBy: `${test}: ${failed.title}`, runs: 1, why };
}

function reportOf(path, output) {
  try {
    return JSON.parse(readFileSync(path, 'utf8'));
  } catch (error) {
    throw new Error(`the tests did not run: ${output.slice(-300)}`, { cause: error });
  }
}

function run(program, words, cwd) {
  return new Promise((resolve, reject) => {
    const child = spawn(program, words, { cwd, stdio: ['ignore', 'pipe', 'pipe'], env: { ...process.env, CI: '' } });
    let output = '';
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (data) => (output += data));
    const timer = setTimeout(() => child.kill('SIGKILL'), 120_000);
    child.on('error', reject);
    child.on('close', () => {
      clearTimeout(timer);
      resolve(output);
    });
  });
}
