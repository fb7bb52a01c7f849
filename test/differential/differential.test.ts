import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { needs } from '../support/needs.js';
import { compareStack } from './compare.mjs';
import { reasonFor } from './reasons.mjs';
import { stackOf } from './stacks.mjs';

it('unpacks generated stacks as umoci does, but where a reason is known', async (context) => {
  needs(context, 'root', 'umoci', 'overlayfs');
  const scratch = mkdtempSync(join(tmpdir(), 'keelson-differential-'));
  try {
    for (let index = 0; index < 15; index++) {
      const { defects } = await compareStack(scratch, stackOf('1', index));
      expect(defects, `stack ${index}`).toEqual([]);
    }
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
});

it('generates the same stack of the same seed and number', () => {
  expect(stackOf('1', 7).layers).toEqual(stackOf('1', 7).layers);
  expect(stackOf('1', 7).layers).not.toEqual(stackOf('1', 8).layers);
});

it('explains no difference of contents, kinds, targets or presence', () => {
  const node = { type: 'file', mode: '644', owner: '0:0', time: '0', attributes: '', links: 'a' };
  const facts = { members: stackOf('1', 2).members, umoci: new Map(), startedAt: 0n };
  for (const field of ['content', 'type', 'target', 'presence', 'size', 'device', 'attributes']) {
    const difference = { path: 'a', fields: [field], ours: node, theirs: { ...node, [field]: 'other' } };
    expect(reasonFor(difference, facts), field).toBeUndefined();
  }
});
