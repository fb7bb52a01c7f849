/**
 * One process of a fuzzing run: the inputs `first`, `first + step`, … of one target.
 *
 * Tells on standard output, a line of JSON each: `progress` with counts, `finding`, `done`. What it is looking at stands
 * in the file `at`, for whoever finds that it does not end.
 */
import { closeSync, openSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { examine, inputOf, targets } from './inputs.mjs';

const { name, seed, first, step, inputs, until, folder } = JSON.parse(process.argv[2]);
const target = targets[name];
// Refusals by the million need no stack; what is found is looked at once more for it.
Error.stackTraceLimit = 0;
const counts = { inputs: 0, extracted: 0, accepted: 0, findings: 0, codes: {} };
const at = openSync(join(folder, 'at'), 'w');
const extraction = target.open?.(folder);
await extraction?.start();

for (let index = first; counts.inputs < inputs && Date.now() < until; index += step) {
  writeSync(at, String(index).padEnd(16), 0);
  await look(index);
  if (counts.inputs % 2000 === 0) tell({ progress: counts });
}
extraction?.finish();
tell({ done: counts });
closeSync(at);

async function look(index) {
  const bytes = inputOf(target, seed, index);
  const isExtracted = extraction !== undefined && target.isExtracted(index);
  counts.inputs += 1;
  if (isExtracted) counts.extracted += 1;
  try {
    const code = await examine(target, bytes, isExtracted ? extraction : undefined);
    counts.codes[code] = (counts.codes[code] ?? 0) + 1;
    if (code === 'accepted') counts.accepted += 1;
  } catch (error) {
    counts.findings += 1;
    tell({ finding: { index, message: await storyOf(bytes, error), bytes: bytes.toString('base64') } });
  }
}

async function storyOf(bytes, first) {
  Error.stackTraceLimit = 20;
  try {
    await examine(target, bytes, extraction);
    return String(first);
  } catch (error) {
    return error?.stack ?? String(error);
  } finally {
    Error.stackTraceLimit = 0;
  }
}

function tell(line) {
  process.stdout.write(`${JSON.stringify(line)}\n`);
}
