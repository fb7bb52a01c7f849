#!/usr/bin/env node
/**
 * `npm run fuzz -- [--minutes N | --inputs N] [--seed S] [--target NAME] [--jobs N]`, or `npm run fuzz -- --file F`
 *
 * Gives hostile inputs to what reads layers, JSON documents, references and `WWW-Authenticate`. A seed decides all of
 * them. One that does what none may is kept in `test/fuzz/found/`, and `--file` looks at it again. Exits with 1 if there
 * was one.
 */
import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { examine, inputOf, targets } from './inputs.mjs';

/** A process that looks at one input for so long does not end. Nothing is decided by less. */
const hangMs = 120_000;
const found = fileURLToPath(new URL('found', import.meta.url));
const { values: options } = parseArgs({
  options: {
    minutes: { type: 'string' },
    inputs: { type: 'string' },
    seed: { type: 'string', default: String(Date.now() % 1_000_000) },
    target: { type: 'string', multiple: true, default: Object.keys(targets) },
    jobs: { type: 'string', default: '2' },
    file: { type: 'string' },
  },
});

process.exitCode = options.file === undefined ? await fuzz() : await lookAgain(options.file);

async function fuzz() {
  const unknown = options.target.filter((name) => targets[name] === undefined);
  if (unknown.length > 0) throw new Error(`there is no target ${unknown.join()}: ${Object.keys(targets).join(', ')}`);
  process.stdout.write(`seed ${options.seed}\n`);
  let findings = 0;
  for (const name of options.target) findings += await fuzzTarget(name);
  process.stdout.write(findings === 0 ? 'nothing found\n' : `${findings} findings in ${found}\n`);
  return findings === 0 ? 0 : 1;
}

async function fuzzTarget(name) {
  const jobs = Number(options.jobs);
  const minutes = Number(options.minutes ?? 1) / options.target.length;
  const inputs = options.inputs === undefined ? undefined : Math.ceil(Number(options.inputs) / jobs);
  const until = inputs === undefined ? Date.now() + minutes * 60_000 : Number.MAX_SAFE_INTEGER;
  const slices = Array.from({ length: jobs }, (_, first) =>
    runSlice({ name, seed: options.seed, first, step: jobs, inputs: inputs ?? Number.MAX_SAFE_INTEGER, until }),
  );
  const total = sum(await Promise.all(slices));
  const unpacked = total.extracted === 0 ? '' : `, ${total.extracted} unpacked`;
  process.stdout.write(`${name}: ${total.inputs} inputs${unpacked}, ${total.accepted} accepted, ${total.findings} findings\n`);
  const codes = Object.entries(total.codes).filter(([code]) => !['accepted', 'refused'].includes(code));
  for (const [code, count] of codes.toSorted()) process.stdout.write(`  ${code} ${count}\n`);
  return total.findings;
}

/** Runs one process to its end, and counts one that does not end, or ends by itself, as a finding. */
async function runSlice(work) {
  const folder = mkdtempSync(join(existsSync('/dev/shm') ? '/dev/shm' : tmpdir(), 'keelson-fuzz-'));
  const program = fileURLToPath(new URL('slice.mjs', import.meta.url));
  const child = spawn(process.execPath, [program, JSON.stringify({ ...work, folder })], { stdio: ['ignore', 'pipe', 'inherit'] });
  const exit = new Promise((resolve) => void child.once('exit', (code, signal) => resolve(signal ?? code)));
  const at = () => Number(readFileSync(join(folder, 'at'), 'utf8'));
  const watch = watchProgress(at, () => child.kill('SIGKILL'));
  let counts;
  for await (const line of createInterface({ input: child.stdout })) {
    const { progress, done, finding } = JSON.parse(line);
    counts = done ?? progress ?? counts;
    if (finding) save(work, finding.index, finding.message, Buffer.from(finding.bytes, 'base64'));
  }
  const status = await exit;
  clearInterval(watch);
  if (status !== 0) {
    counts = { ...(counts ?? sum([])), findings: (counts?.findings ?? 0) + 1 };
    save(work, at(), `the process ended with ${status}`, inputOf(targets[work.name], work.seed, at()));
  }
  rmSync(folder, { recursive: true, force: true });
  return counts;
}

function watchProgress(at, end) {
  let last = -1;
  return setInterval(() => {
    const now = at();
    if (now === last) end();
    last = now;
  }, hangMs);
}

function save({ name, seed }, index, message, bytes) {
  mkdirSync(found, { recursive: true });
  const path = join(found, `${name}-${seed}-${index}.${targets[name].ending}`);
  writeFileSync(path, bytes);
  process.stdout.write(`${path}\n${message}\n`);
}

/** The name of a kept file begins with its target. */
async function lookAgain(file) {
  const target = targets[basename(file).split('-')[0]];
  if (target === undefined) throw new Error(`the name of ${file} does not begin with a target`);
  const bytes = readFileSync(file);
  const folder = mkdtempSync(join(existsSync('/dev/shm') ? '/dev/shm' : tmpdir(), 'keelson-fuzz-'));
  try {
    const extraction = target.open?.(folder);
    await extraction?.start();
    process.stdout.write(`${await examine(target, bytes, extraction)}\n`);
    return 0;
  } catch (error) {
    process.stdout.write(`${error?.stack ?? String(error)}\n`);
    return 1;
  } finally {
    process.chdir('/');
    rmSync(folder, { recursive: true, force: true });
  }
}

function sum(all) {
  const total = { inputs: 0, extracted: 0, accepted: 0, findings: 0, codes: {} };
  for (const each of all) {
    for (const key of ['inputs', 'extracted', 'accepted', 'findings']) total[key] += each[key];
    for (const [code, count] of Object.entries(each.codes)) total.codes[code] = (total.codes[code] ?? 0) + count;
  }
  return total;
}
