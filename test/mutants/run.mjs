#!/usr/bin/env node
/**
 * `npm run mutants [-- --only TEXT,TEXT] [--budget MS] [--write] [--jobs N]`
 *
 * Puts each deliberate fault into a copy of the built packages and lets the laws of `test/simulation` look for it, or the
 * test that is named with it. Exits with 1 if one survives. `--write` puts the tables into
 * docs/simulation-mutants.md, and their summary between the marks of docs/simulation.md.
 */
import { execFileSync, spawn } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { findByTest } from './find-by-test.mjs';
import { mutants } from './mutants.mjs';
import { pageOf, summaryOf } from './page.mjs';
import { trapMutants } from './trap-mutants.mjs';

const root = fileURLToPath(new URL('../..', import.meta.url));
const packages = ['process', 'image', 'os', 'store', 'provisioner', 'containerizer', 'inspector', 'agent', 'simulation'];
const { values: options } = parseArgs({
  options: {
    only: { type: 'string', default: '' },
    budget: { type: 'string', default: '240000' },
    seed: { type: 'string', default: '1' },
    jobs: { type: 'string', default: '2' },
    write: { type: 'boolean', default: false },
  },
});

/** A copy of the built packages, with the properties beside them: nothing in the work tree is ever changed. */
function makeCopy(folder) {
  for (const name of packages) {
    const from = join(root, 'packages', name);
    const to = join(folder, 'packages', name);
    const wanted = (path) => !path.endsWith('.map') && !path.endsWith('.d.ts') && !path.endsWith('.tsbuildinfo');
    cpSync(join(from, 'dist'), join(to, 'dist'), { recursive: true, filter: wanted });
    cpSync(join(from, 'package.json'), join(to, 'package.json'));
    // For the faults that a test of their own finds.
    for (const each of ['test', 'tsconfig.json']) cpSync(join(from, each), join(to, each), { recursive: true });
    symlinkSync('dist', join(to, 'src'));
  }
  cpSync(join(root, 'tsconfig.base.json'), join(folder, 'tsconfig.base.json'));
  writeFileSync(join(folder, 'vitest.config.mjs'), `export default { test: { include: ['packages/*/test/**/*.test.ts'] } };\n`);
  cpSync(join(root, 'test', 'support'), join(folder, 'test', 'support'), { recursive: true });
  const modules = join(folder, 'node_modules');
  mkdirSync(join(modules, '@keelson'), { recursive: true });
  for (const name of packages) symlinkSync(join(folder, 'packages', name), join(modules, '@keelson', name));
  for (const name of readdirSync(join(root, 'node_modules'))) {
    if (name !== '@keelson' && !name.startsWith('.')) symlinkSync(join(root, 'node_modules', name), join(modules, name));
  }
  writeFileSync(join(folder, 'package.json'), '{"type":"module"}\n');
  const compiler = join(root, 'node_modules', '.bin', 'tsc');
  const output = ['--noEmit', 'false', '--outDir', join(folder, 'simulation'), '--sourceMap', 'false', '--noCheck'];
  execFileSync(compiler, ['-p', join(root, 'test', 'simulation'), ...output], { stdio: 'inherit' });
  return folder;
}

/** Puts one fault into a file of a copy. */
function apply(path, before, { id, file, search, replace }) {
  const found = before.split(search).length - 1;
  if (found !== 1) throw new Error(`mutant '${id}': its text occurs ${found} times in ${file}, not once`);
  writeFileSync(path, before.replace(search, () => replace));
  // What is no program at all says nothing: it would be found by anything.
  execFileSync(process.execPath, ['--check', path], { stdio: 'pipe' });
}

/** Runs the laws, the one expected to find it first. */
function hunt(copy, killer, budget = Number(options.budget)) {
  return new Promise((resolve, reject) => {
    const args = [join(copy, 'simulation', 'programs', 'hunt.js'), killer, String(budget), options.seed];
    const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'pipe'] });
    let output = '';
    let errors = '';
    child.stdout.on('data', (data) => (output += data));
    child.stderr.on('data', (data) => (errors += data));
    let late = false;
    const timer = setTimeout(() => {
      late = true;
      child.kill('SIGKILL');
    }, budget + 60_000);
    child.on('close', (code, signal) => {
      clearTimeout(timer);
      if (late) return resolve({ killedBy: 'the program never ends', runs: 1, why: 'an endless turn' });
      if (signal) return reject(new Error(`the search was ended from outside by ${signal}`));
      const last = output.trim().split('\n').at(-1) ?? '';
      if (code === 0 && last.startsWith('{')) return resolve(JSON.parse(last));
      // A fault so bad that the program ends is found, too.
      const why = errors.trim().split('\n').find((line) => /Error|Broken/.test(line)) ?? `exit ${code}`;
      resolve({ killedBy: 'the program ends', runs: 1, why });
    });
  });
}

const folder = mkdtempSync(join(tmpdir(), 'keelson-mutants-'));
const everyMutant = [...mutants, ...trapMutants];
const queue = everyMutant.filter(({ id, killer = '', trap = '' }) => {
  return options.only.split(',').some((text) => `${killer} ${trap} ${id}`.includes(text));
});
const results = new Map();
let broken = 0;

async function work(number) {
  const copy = makeCopy(join(folder, String(number)));
  for (let mutant = queue.shift(); mutant; mutant = queue.shift()) {
    let result;
    const path = join(copy, 'packages', mutant.file);
    const before = readFileSync(path, 'utf8');
    try {
      apply(path, before, mutant);
      result = mutant.test ? await findByTest(root, copy, mutant) : await hunt(copy, mutant.killer);
    } catch (error) {
      broken += 1;
      result = { why: error.message };
    }
    writeFileSync(path, before);
    results.set(mutant.id, result);
    const times = result.runs === 1 ? 'run' : 'runs';
    const verdict = result.killedBy ? `killed after ${result.runs} ${times} by ${result.killedBy}` : `SURVIVED ${result.runs ?? ''}`;
    console.log(`${verdict}: ${mutant.id}${result.killedBy ? '' : ` (${result.why ?? ''})`}`);
  }
}

try {
  const unharmed = makeCopy(join(folder, 'unharmed'));
  const clean = options.only === '' ? await hunt(unharmed, 'none', 240_000) : {};
  if (clean.killedBy) throw new Error(`without any fault ${clean.killedBy} is broken: ${clean.why}`);
  await Promise.all(Array.from({ length: Number(options.jobs) }, (_, number) => work(number)));
} finally {
  rmSync(folder, { recursive: true, force: true });
}

const judged = everyMutant.filter(({ id }) => results.has(id));
const survivors = judged.filter(({ id }) => !results.get(id).killedBy);
console.log(`${judged.length - survivors.length} of ${judged.length} deliberate faults were found`);
if (options.write) {
  const page = join(root, 'docs', 'simulation.md');
  const [before, rest] = readFileSync(page, 'utf8').split('<!-- faults -->\n');
  const [, after] = rest.split('<!-- end of faults -->');
  const summary = summaryOf(judged, results);
  writeFileSync(page, `${before}<!-- faults -->\n${summary}\n<!-- end of faults -->${after}`);
  writeFileSync(join(root, 'docs', 'simulation-mutants.md'), pageOf(judged, results, options.seed));
}
process.exitCode = survivors.length > 0 || broken > 0 ? 1 : 0;
