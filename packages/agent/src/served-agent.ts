import { join } from 'node:path';
import { Agent } from './agent.js';
import type { AgentOptions } from './agent-options.js';
import { settingsOf } from './agent-options.js';
import { socketPathOf } from './client/socket-path.js';
import type { Configuration } from './configuration/configuration.js';
import { effectiveSettings } from './configuration/configuration.js';
import { agentOptionsFrom } from './configuration/from-configuration.js';
import { AgentServer } from './http/agent-server.js';
import { AuditJournal } from './http/audit-journal.js';
import type { CommandCall } from './http/command-endpoint.js';
import { agentRoutes } from './http/agent-routes.js';
import type { Route } from './http/route.js';
import type { Log } from './log-entry.js';
import { LogLevelSwitch } from './log-level-switch.js';
import type { Access } from './security/access.js';
import { openAccess } from './security/access.js';
import { withDefaults } from './configuration/service-settings.js';

export interface ServeOptions {
  /** Told to who asks for it. */
  readonly version: string;
  /** Runs a command line for a client, with the agent that it has reached. Answers its exit code. */
  readonly run?: (call: CommandCall, host: { readonly agent: Agent; readonly root: string }) => Promise<number>;
  /** Gets what the agent has to say, at `logLevel` and above. */
  readonly log?: Log;
  readonly onLockWait?: AgentOptions['onLockWait'];
  /** Gives up the start, if it is not over by then: the store is waited for no longer. */
  readonly signal?: AbortSignal;
  /** Pages and calls beside ours; a path of ours cannot be replaced. */
  readonly routes?: (agent: Agent) => readonly Route[];
}

/** A started agent that others reach through its socket, and over TCP if that is configured. */
export interface ServedAgent {
  readonly agent: Agent;
  /** With every link resolved. */
  readonly root: string;
  readonly socket: string;
  /** The base of what is served over TCP: `http://127.0.0.1:5051`. */
  readonly http: string | undefined;
  /**
   * Ends the service, then the agent: what only watches at once, what works when it is done or `shutdownTimeoutMs` are
   * over. What is given up then (a pull, a sweep) is left to the next start. Containers go on.
   */
  close(): Promise<void>;
}

/**
 * Starts an agent that listens on the socket of its root: as soon as the root is its own, so that whoever asks while it
 * recovers is told so.
 *
 * @throws AgentError CONFIG_INVALID, STORE_LOCKED, ROOT_UNUSABLE, SOCKET_UNUSABLE, ADDRESS_UNUSABLE
 * @throws AgentError AGENT_CLOSED  it was given up before the store was its own
 */
export async function serveAgent(configuration: Configuration, options: ServeOptions): Promise<ServedAgent> {
  const settings = withDefaults(configuration);
  const logLevel = new LogLevelSwitch(settings.logLevel, options.log ?? (() => {}));
  const warn = (message: string): void => logLevel.write({ level: 'warn', message });
  const agentOptions = agentOptionsFrom(configuration);
  const { executorThreads } = settingsOf(agentOptions);
  let owned: Owned | undefined;
  const agent = Agent.create({
    ...agentOptions,
    log: logLevel.write,
    ...(options.onLockWait && { onLockWait: options.onLockWait }),
    onOwned: (root) => {
      owned = { root, listening: listen(root) };
      // Looked at below, when the agent has started.
      owned.listening.catch(() => {});
    },
  });

  let server: AgentServer | undefined;
  let journal: AuditJournal | undefined;
  const listen = async (root: string): Promise<string | undefined> => {
    const access: Access = openAccess(settings, root);
    if (settings.journal) journal = new AuditJournal(join(root, 'events'), warn);
    const routes = agentRoutes({
      agent,
      root,
      access,
      logLevel,
      settings: effectiveSettings({ ...settings, executorThreads, root }),
      streams: settings,
      version: options.version,
      ...(options.run && { run: options.run }),
      ...(options.routes && { more: options.routes(agent) }),
    });
    server = new AgentServer({ agent, routes, access, limits: settings, ...(journal && { journal }) });
    await server.listen(socketPathOf(root));
    return server.listenTcp();
  };
  // The socket first: once the lock is given back another agent may have made its own there.
  const close = async (): Promise<void> => {
    const deadlineMs = performance.now() + settings.shutdownTimeoutMs;
    await server?.close(settings.shutdownTimeoutMs);
    await journal?.close();
    const leftMs = deadlineMs - performance.now();
    if (await settledWithin(agent.close(), leftMs)) return;
    warn('stopped before all was done: the rest is left to the next start');
  };
  const giveUp = (): void => void agent.close();
  options.signal?.addEventListener('abort', giveUp);
  try {
    await agent.start();
    const http = await owned!.listening;
    return { agent, root: owned!.root, socket: socketPathOf(owned!.root), http, close };
  } catch (error) {
    await owned?.listening.catch(() => {});
    await close();
    throw error;
  } finally {
    options.signal?.removeEventListener('abort', giveUp);
  }
}

interface Owned {
  readonly root: string;
  readonly listening: Promise<string | undefined>;
}

/** Whether `work` was over in time; it goes on either way. At least a moment is given. */
async function settledWithin(work: PromiseLike<void>, timeoutMs: number): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<boolean>((resolve) => {
    timer = setTimeout(() => resolve(false), Math.max(timeoutMs, 1_000));
  });
  try {
    return await Promise.race([Promise.resolve(work).then(() => true), late]);
  } finally {
    clearTimeout(timer);
  }
}
