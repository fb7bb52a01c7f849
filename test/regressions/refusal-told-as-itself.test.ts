import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Agent } from '@keelson/agent';
import { afterEach, beforeEach, expect, it } from 'vitest';

/*
 * A prune that was refused as a whole came as PRUNE_PARTIAL, which says that something was pruned; and the hash of
 * `apply` was compared before the prune was asked for, so that what was pulled in between went with it.
 */
let root: string;
let agent: Agent;

beforeEach(async () => {
  root = mkdtempSync(join(tmpdir(), 'keelson-refusal-'));
  agent = Agent.create({ root });
  await agent.start();
});

afterEach(async () => {
  await agent.close();
  rmSync(root, { recursive: true, force: true });
});

it('one exclusion that is no reference is told by its own code', async () => {
  await expect(agent.pruneImages({ exclude: ['alpine', 'Not:A:Name'] }).toPromise()).rejects.toMatchObject({
    code: 'INVALID_REFERENCE',
  });
});

it('a plan that no longer holds is told by its own code, by the store that would carry it out', async () => {
  const refused = agent.pruneImages({ apply: 'no such plan' }).toPromise();
  await expect(refused).rejects.toMatchObject({ code: 'PLAN_STALE', cause: { code: 'PRUNE_PARTIAL' } });
  const { hash } = await agent.plan();
  expect(await agent.pruneImages({ apply: hash })).toMatchObject({ removed: { images: [], layers: [] } });
});
