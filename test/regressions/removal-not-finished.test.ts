import type { JobFault } from '@keelson/simulation';
import { expect, it } from 'vitest';
import { AgentLife, configOf } from '../simulation/agent-world.js';
import { namesAt } from '../simulation/disk-view.js';

/**
 * Found by `P6 failed launches and destroys of a whole agent …`, seed 20171117, path 21:6:5:5:6:7:7:7:5:6:3:3: the folder of
 * a container that was destroyed had been renamed away, and the job that should remove it there failed on a full disk. The
 * container was gone, so no destroy ever asked for it again, and the bytes stayed until the next start.
 */
it('what a removal could not finish is tried again after 1 s, and after 2 s more', () => {
  const life = withLeftover(2);
  life.settleOver(2_000);
  expect(leftIn(life)).toEqual(['.removed-c1']);
  life.settleOver(1_000);
  expect(leftIn(life)).toEqual([]);
});

it('a start that cannot finish the removal of an earlier life tries again too', () => {
  const next = withLeftover().nextAgent('agent killed', { jobFaults: fullDisk(0, 2) });
  expect(next.start()).toBe(true);
  expect(leftIn(next)).toEqual(['.removed-c1']);
  next.settleOver(3_000);
  expect(leftIn(next)).toEqual([]);
});

it('a container of the same name is launched beside it and is not touched', () => {
  const life = withLeftover();
  expect(life.now(life.containerizer.launch('c1', configOf('web', undefined)))).toBe('SUCCESS');
  expect(leftIn(life).toSorted()).toEqual(['.removed-c1', 'c1']);
  life.settleOver(1_000);
  expect(leftIn(life)).toEqual(['c1']);
  expect(life.now(life.containerizer.status('c1')).state).toBe('RUNNING');
});

/**
 * A life that destroyed a container on a disk that was full for the removals of its folder and of its root filesystem,
 * each tried so often. Where they begin is looked for from the end: there both of them were hit, in whatever order.
 */
function withLeftover(attempts = 1): AgentLife {
  for (let step = 12; step >= 0; step -= 1) {
    const life = afterDestroy(fullDisk(step, 2 * attempts));
    const folders = [life.paths.containers, life.world.provisionerPaths.containers];
    if (folders.every((folder) => namesAt(life.world.disk, folder).includes('.removed-c1'))) return life;
  }
  throw new Error('No removal was left unfinished');
}

function afterDestroy(jobFaults: readonly JobFault[]): AgentLife {
  const first = new AgentLife();
  first.start();
  first.now(first.containerizer.launch('c1', configOf('web', undefined, true)));
  const life = first.nextAgent('agent killed', { jobFaults });
  life.start();
  life.layers.destroying('c1');
  const destroyed = life.containerizer.destroy('c1');
  life.settle();
  if (destroyed.isFailed()) life.settleOver(10_000);
  expect(life.now(life.containerizer.containers())).toEqual([]);
  return life;
}

function fullDisk(from: number, times: number): JobFault[] {
  return Array.from({ length: times }, (_, index) => ({ errno: 'ENOSPC', step: from + index }));
}

function leftIn(life: AgentLife): string[] {
  return namesAt(life.world.disk, life.paths.containers);
}
