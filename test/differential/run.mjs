#!/usr/bin/env node
/**
 * `npm run differential -- [--stacks N] [--seed S] [--first I]`, as root, with umoci and overlayfs
 *
 * Unpacks generated stacks of layers by the copy backend, the overlay backend and umoci, and compares the trees. Exits with
 * 1 if there is a difference that no rule of `reasons.mjs` explains.
 */
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { compareStack } from './compare.mjs';
import { stackOf } from './stacks.mjs';

const { values: options } = parseArgs({
  options: {
    stacks: { type: 'string', default: '1000' },
    seed: { type: 'string', default: '1' },
    first: { type: 'string', default: '0' },
  },
});
const scratch = mkdtempSync(join(existsSync('/dev/shm') ? '/dev/shm' : tmpdir(), 'keelson-differential-'));
const counts = { stacks: 0, layers: 0, members: 0, equal: 0, refused: 0, explained: 0, defective: 0 };
const byReason = {};
try {
  let next = Number(options.first);
  const end = next + Number(options.stacks);
  const work = async () => {
    while (next < end) await compareOne(next++);
  };
  await Promise.all([work(), work(), work()]);
} finally {
  rmSync(scratch, { recursive: true, force: true });
}
write(`seed ${options.seed}: ${counts.stacks} stacks of ${counts.layers} layers with ${counts.members} entries`);
write(`${counts.equal} equal, ${counts.explained} equal but for what reasons explain, ${counts.refused} refused by both`);
for (const [name, count] of Object.entries(byReason).toSorted()) write(`  ${name}: in ${count} stacks`);
write(`${counts.defective} with a difference that nothing explains`);
process.exitCode = counts.defective === 0 ? 0 : 1;

async function compareOne(index) {
  const stack = stackOf(options.seed, index);
  const { refused, reasons, defects } = await compareStack(scratch, stack);
  counts.stacks += 1;
  counts.layers += stack.layers.length;
  counts.members += stack.members.flat().length;
  counts[defects.length > 0 ? 'defective' : refused ? 'refused' : reasons.length > 0 ? 'explained' : 'equal'] += 1;
  for (const name of reasons) byReason[name] = (byReason[name] ?? 0) + 1;
  for (const defect of defects) write(`stack ${index}: ${JSON.stringify(defect)}`);
}

function write(line) {
  process.stdout.write(`${line}\n`);
}
