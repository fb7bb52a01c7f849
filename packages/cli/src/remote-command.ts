import { existsSync } from 'node:fs';
import { socketPathOf } from '@keelson/agent/client';
import type { CommandRequest, StreamKind } from '@keelson/agent/client';
import type { Command } from 'commander';
import type { Caller } from './caller.js';
import { ExitCode } from './exit-code.js';
import { credentialPlaces } from './registry-login.js';
import type { TerminalStream } from './terminal/paint.js';

/** The socket of the agent that serves `root`, if there is one; it may be that of an agent that died. */
export function remoteSocket(root: string, { streams }: Caller): string | undefined {
  const path = socketPathOf(root, streams.environment);
  return existsSync(path) ? path : undefined;
}

/**
 * Has the agent at `socket` run a command line, shows what it says, and hands our signals on while the
 * command takes some. Answers the exit code; `undefined` when nobody listens there.
 *
 * @throws AgentError AGENT_GONE
 */
export async function runRemotely(
  socket: string,
  argv: readonly string[],
  command: Command,
  { streams, signals, workingDirectory, gone, hasInput }: Caller,
): Promise<number | undefined> {
  const { callAgent, decodeChunk, ownInput, signalCommand } = await import('@keelson/agent/client');
  const input = hasInput && ownInput();
  const request: CommandRequest = {
    argv,
    workingDirectory,
    environment: environmentFor(command, streams.environment),
    stdout: kindOf(streams.stdout),
    stderr: kindOf(streams.stderr),
    ...(input && { stdin: input }),
  };
  let stop: (() => void) | undefined;
  let sent: Promise<void> = Promise.resolve();
  try {
    return await callAgent(
      socket,
      request,
      async (line) => {
        if ('stdout' in line) await show(streams.stdout, decodeChunk(line.stdout));
        else if ('stderr' in line) await show(streams.stderr, decodeChunk(line.stderr));
        else {
          const { signals: to } = line;
          stop?.();
          stop = undefined;
          if (to === null) return;
          stop = signals.listen((signal) => {
            // One after the other, or they might overtake each other; the command itself tells of a lost agent.
            sent = sent.then(() => signalCommand(socket, { to, signal })).catch(() => {});
          });
        }
      },
      gone,
    );
  } catch (error) {
    // Who read our output has seen enough: nothing failed.
    if (gone.aborted) return ExitCode.success;
    throw error;
  } finally {
    stop?.();
  }
}

/** Waits for the reader, or what an agent says faster would gather here. */
async function show(stream: TerminalStream, chunk: string | Uint8Array): Promise<void> {
  stream.write(chunk);
  await stream.drained?.();
}

/**
 * The rest of our environment is nobody's business: what colours depend on, where our credentials for
 * registries are, and what `-e NAME` hands on.
 */
function environmentFor(command: Command, environment: NodeJS.ProcessEnv): Record<string, string> {
  const { env = [] } = command.opts<{ env?: readonly string[] }>();
  const names = ['NO_COLOR', 'TERM', ...credentialPlaces, ...env.filter((text) => !text.includes('='))];
  return Object.fromEntries(
    names.flatMap((name) => (environment[name] === undefined ? [] : [[name, environment[name]]])),
  );
}

function kindOf({ isTTY, columns }: TerminalStream): StreamKind {
  return { isTTY: isTTY === true, ...(columns !== undefined && { columns }) };
}
