import * as fs from 'node:fs';
import { join } from 'node:path';
import { reasonFor } from './reasons.mjs';
import { differencesOf, treeOf } from './tree.mjs';
import { unpackStack, withCopy, withOverlay, withUmoci } from './unpackers.mjs';

/**
 * Unpacks one stack by the copy backend, the overlay backend and umoci, in a new folder of `scratch`.
 *
 * @returns what was found: `refused` when both refuse the stack, the names of `reasons` that explain differences, and
 * `defects`, which nothing explains
 */
export async function compareStack(scratch, { layers, members }) {
  const folder = fs.mkdtempSync(join(scratch, 'stack-'));
  try {
    const startedAt = BigInt(Date.now() - 1000) * 1_000_000n;
    const ours = await attempt(() => unpackStack(folder, layers));
    const theirs = await attempt(() => withUmoci(folder, layers, treeOf));
    if (ours.error && theirs.error) return { refused: true, reasons: [], defects: [] };
    if (ours.error ?? theirs.error) return { reasons: [], defects: [{ ours: ours.error, theirs: theirs.error }] };
    const facts = { members, umoci: theirs.value, startedAt };
    const judge = (backend, tree) => judged(backend, tree, facts);
    const found = [
      ...judge('copy', withCopy(folder, ours.value, treeOf)),
      ...judge('overlay', withOverlay(folder, ours.value, treeOf)),
    ];
    const defects = found.filter(({ reason }) => reason === undefined);
    return { refused: false, reasons: [...new Set(found.flatMap(({ reason }) => reason ?? []))], defects };
  } finally {
    fs.rmSync(folder, { recursive: true, force: true });
  }
}

function judged(backend, tree, facts) {
  const differences = differencesOf(tree, facts.umoci).map((each) => ({ backend, ...each }));
  return differences.map((each) => ({ ...each, reason: reasonFor(each, facts) }));
}

async function attempt(action) {
  try {
    return { value: await action() };
  } catch (error) {
    return { error: `${error.code ?? ''} ${String(error.stderr ?? error.message).trim().slice(-400)}` };
  }
}
