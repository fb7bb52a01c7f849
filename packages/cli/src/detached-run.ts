import type { AgentOptions, LaunchOptions } from '@keelson/agent';
import { drawnPull } from './drawn-pull.js';
import { RunFailure } from './run-failure.js';
import type { Session } from './session.js';

/** Launches a container and leaves it to its monitor, which needs no agent. Answers once it runs. */
export async function runDetached(
  session: Session,
  options: LaunchOptions & { readonly id: string },
  settings: Partial<AgentOptions> = {},
): Promise<void> {
  const { exitStatusOfFailure } = await import('@keelson/agent');
  try {
    await session.withAgent(
      (agent) =>
        drawnPull(session.output, options.image ?? options.id, (onProgress) =>
          agent.launch({ ...options, onProgress }),
        ),
      settings,
    );
  } catch (error) {
    throw new RunFailure(error, exitStatusOfFailure(error));
  }
  session.output.result({ containerId: options.id }, () => [options.id]);
}
