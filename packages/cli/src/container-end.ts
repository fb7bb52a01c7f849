import type { Agent, ContainerTermination } from '@keelson/agent';
import { describeFailure } from './failure.js';
import type { Session } from './session.js';

/**
 * Answers how a container ended, once it has. An embedded agent gives the store back meanwhile.
 *
 * @throws AgentError NO_SUCH_CONTAINER, CONTAINER_NOT_RUNNING
 */
export async function containerEnd(session: Session, id: string): Promise<ContainerTermination> {
  let seen: number | undefined;
  if (!session.hosted) {
    const { status } = await session.withAgent(async (agent) => {
      await requireProcess(agent, id);
      return agent.attach(id);
    });
    seen = await status;
  }
  try {
    return await session.withAgent(async (agent) => {
      await requireProcess(agent, id);
      return session.answer(agent.wait(id));
    });
  } catch (error) {
    // While nobody owned the store, who ran it may have been faster and removed it.
    if (seen === undefined || describeFailure(error).code !== 'NO_SUCH_CONTAINER') throw error;
    const { terminationOf } = await import('@keelson/agent');
    return terminationOf(seen);
  }
}

/** Nothing ever ends where nothing runs: who waited for it would wait for ever. */
async function requireProcess(agent: Agent, id: string): Promise<void> {
  const container = (await agent.containers()).find((each) => each.id === id);
  if (container?.state !== 'PROVISIONED') return;
  const { AgentError } = await import('@keelson/agent');
  throw new AgentError('CONTAINER_NOT_RUNNING', `cannot wait for container ${id}: nothing runs in it`);
}
