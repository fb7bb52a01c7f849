import type { Agent, ContainerTermination } from '@keelson/agent';
import type { Session } from './session.js';

/**
 * Answers how a container ended, once it has. An embedded agent gives the store back meanwhile.
 *
 * @throws AgentError NO_SUCH_CONTAINER, CONTAINER_NOT_RUNNING
 */
export async function containerEnd(session: Session, id: string): Promise<ContainerTermination> {
  if (!session.hosted) {
    const { status } = await session.withAgent(async (agent) => {
      await requireProcess(agent, id);
      return agent.attach(id);
    });
    await status;
  }
  return session.withAgent(async (agent) => {
    await requireProcess(agent, id);
    return session.answer(agent.wait(id));
  });
}

/** Nothing ever ends where nothing runs: who waited for it would wait for ever. */
async function requireProcess(agent: Agent, id: string): Promise<void> {
  const container = (await agent.containers()).find((each) => each.id === id);
  if (container?.state !== 'PROVISIONED') return;
  const { AgentError } = await import('@keelson/agent');
  throw new AgentError('CONTAINER_NOT_RUNNING', `cannot wait for container ${id}: nothing runs in it`);
}
