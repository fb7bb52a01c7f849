import { expect, it } from 'vitest';
import { AgentLife, configOf } from '../simulation/agent-world.js';

/**
 * Found by the power cuts of `npm run faults`, scenario `destroy`: since a destroy no longer waits for bytes to go, the
 * power could go right after its answer. The rename that took the container's folder away was on no disk then, and the
 * next start knew the container again.
 */
it.each([
  ['that only stands', true],
  ['that ran', false],
])('a container %s and was destroyed does not come back with the power', (_what, provisionOnly) => {
  const first = new AgentLife();
  first.start();
  first.now(first.containerizer.launch('c1', configOf('web', undefined, provisionOnly)));
  // No byte goes, so that the last changes before the power goes are those of the destroy.
  const jobFaults = Array.from({ length: 50 }, (_, step) => ({ errno: 'ENOSPC' as const, step }));
  const life = first.nextAgent('agent killed', { jobFaults });
  life.start();
  life.layers.destroying('c1');
  life.now(life.containerizer.destroy('c1'));
  life.now(life.containerizer.remove('c1'));

  const next = life.nextAgent(Array.from({ length: 8 }, () => 'lost' as const));
  expect(next.start()).toBe(true);
  expect(next.now(next.containerizer.containers())).toEqual([]);
});
