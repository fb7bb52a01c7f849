import { Agent } from './agent.js';
import type { AgentOptions } from './agent-options.js';
import { socketPathOf } from './client/socket-path.js';
import { AgentServer } from './http/agent-server.js';
import type { CommandCall } from './http/command-endpoint.js';

export interface ServeOptions {
  /** Told to who asks for it. */
  readonly version: string;
  /** Runs a command line for a client, with the agent that it has reached. Answers its exit code. */
  readonly run: (call: CommandCall, host: { readonly agent: Agent; readonly root: string }) => Promise<number>;
}

/** A started agent that others reach through its socket. */
export interface ServedAgent {
  readonly agent: Agent;
  /** With every link resolved. */
  readonly root: string;
  readonly socket: string;
  /** Ends the service, then the agent. Containers go on. */
  close(): Promise<void>;
}

/**
 * Starts an agent that listens on the socket of its root: as soon as the root is its own, so that whoever
 * asks while it recovers is told so.
 *
 * @throws AgentError STORE_LOCKED, ROOT_UNUSABLE, SOCKET_UNUSABLE
 */
export async function serveAgent(options: AgentOptions, { version, run }: ServeOptions): Promise<ServedAgent> {
  let root = options.root;
  let listening: Promise<void> | undefined;
  const onOwned = (owned: string): void => {
    root = owned;
    listening = server.listen(socketPathOf(root));
    // Looked at below, when the agent has started.
    listening.catch(() => {});
    options.onOwned?.(owned);
  };
  const agent = Agent.create({ ...options, onOwned });
  const server = new AgentServer({ agent, version, run: (call) => run(call, { agent, root }) });
  // The socket first: once the lock is given back another agent may have made its own there.
  const close = async (): Promise<void> => {
    await server.close();
    await agent.close();
  };
  try {
    await agent.start();
    await listening;
    return { agent, root, socket: socketPathOf(root), close };
  } catch (error) {
    await close();
    throw error;
  }
}
