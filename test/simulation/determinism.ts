import fc from 'fast-check';
import { agentCommands, offerToAgent } from './agent-command.js';
import { AgentLife } from './agent-world.js';
import { anyOrder } from './order.js';

/** A hash of everything a whole agent did, step by step, in a scenario that the seed alone decides. */
export function traceOf(seed: number): number {
  const [sample] = fc.sample(fc.tuple(agentCommands(), anyOrder()), { seed, numRuns: 1 });
  if (sample === undefined) throw new Error('fast-check made no sample');
  const [wanted, order] = sample;
  const life = new AgentLife({ order });
  life.start();
  offerToAgent(life, wanted);
  life.settle();
  return life.watch.trace;
}
