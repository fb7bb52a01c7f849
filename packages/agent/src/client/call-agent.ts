import type { IncomingMessage } from 'node:http';
import { request } from 'node:http';
import { createInterface } from 'node:readline';
import { AgentError } from '../agent-error.js';
import type { CommandLine, CommandRequest, SignalRequest } from './command-protocol.js';

/** Codes of connect(2) that mean: nobody listens there. */
const nobody: ReadonlySet<unknown> = new Set(['ENOENT', 'ECONNREFUSED', 'ENOTSOCK', 'ENOTDIR']);

/**
 * Has an agent run a command, and tells every line it answers, the next one when that is done with.
 *
 * @param gone  ends the call; the agent then discards what it can of the command
 * @returns the exit code; `undefined` when no agent listens at `socketPath`
 * @throws AgentError AGENT_GONE  it went away, or gave the call up, before the command was over
 */
export async function callAgent(
  socketPath: string,
  command: CommandRequest,
  onLine: (line: Exclude<CommandLine, { exit: number }>) => void | Promise<void>,
  gone?: AbortSignal,
): Promise<number | undefined> {
  const response = await post(socketPath, command, gone);
  if (!response) return undefined;
  if (response.statusCode === 404) throw lost(socketPath, 'it serves no commands, but its own API alone');
  if (response.statusCode !== 200) throw lost(socketPath, `it answered ${response.statusCode}`);
  try {
    for await (const text of createInterface({ input: response, crlfDelay: Infinity })) {
      const line = JSON.parse(text) as CommandLine;
      if ('exit' in line) return line.exit;
      await onLine(line);
    }
  } catch (cause) {
    throw lost(socketPath, (cause as Error).message, { cause });
  } finally {
    response.destroy();
  }
  throw lost(socketPath, 'it closed the connection');
}

/** Hands a signal to a command that takes signals. What comes too late is lost, as signals are. */
export async function signalCommand(socketPath: string, signal: SignalRequest): Promise<void> {
  const response = await post(socketPath, signal);
  response?.destroy();
}

function post(
  socketPath: string,
  body: CommandRequest | SignalRequest,
  signal?: AbortSignal,
): Promise<IncomingMessage | undefined> {
  const text = JSON.stringify(body);
  const headers = { 'content-type': 'application/json', 'content-length': Buffer.byteLength(text) };
  return new Promise((resolve, reject) => {
    request({
      socketPath,
      path: '/cli/v1',
      method: 'POST',
      headers,
      agent: false,
      ...(signal && { signal }),
    })
      .on('response', resolve)
      .on('error', (cause: NodeJS.ErrnoException) => {
        if (nobody.has(cause.code)) resolve(undefined);
        else reject(lost(socketPath, cause.message, { cause }));
      })
      .end(text);
  });
}

function lost(socketPath: string, why: string, options?: ErrorOptions): AgentError {
  const message = `the agent at ${socketPath} did not finish the command: ${why}`;
  return new AgentError('AGENT_GONE', message, options);
}
