import type { Agent } from '@keelson/agent';
import type { CommandCall } from '@keelson/agent/server';
import type { OutputStreams } from './output.js';
import type { SignalSource } from './signal-source.js';
import { processSignals } from './signal-source.js';
import type { TerminalStream } from './terminal/paint.js';

/** Who gave a command: where its words go, and what only that side knows. */
export interface Caller {
  readonly streams: OutputStreams;
  /** Absolute; relative paths of the command line begin here. */
  readonly workingDirectory: string;
  readonly signals: SignalSource;
  /** Aborted when nobody listens to the command any more. */
  readonly gone: AbortSignal;
  /** Whether the standard input of this process is its own, for containers to read. */
  readonly hasInput?: true;
}

/** The running agent inside which a command is run for somebody else. */
export interface HostingAgent {
  readonly agent: Agent;
  /** The root it owns, whatever the command line says. */
  readonly root: string;
  /** The call that brought the command. */
  readonly call: Pick<CommandCall, 'request' | 'watch' | 'audit' | 'authorize' | 'openInput'>;
}

/** Runs one command line to its end and answers the exit code; never throws. */
export type RunCommandLine = (
  argv: readonly string[],
  caller?: Caller,
  host?: HostingAgent,
) => Promise<number>;

/** This process, and whoever started it. */
export function processCaller(): Caller {
  const gone = new AbortController();
  // A reader that went away (`keelson images | head -1`) is not a failure, but nothing to go on for.
  process.stdout.on('error', () => gone.abort());
  process.stderr.on('error', () => {});
  return {
    streams: { stdout: ownStream(process.stdout), stderr: ownStream(process.stderr), environment: process.env },
    workingDirectory: process.cwd(),
    signals: processSignals,
    gone: gone.signal,
    hasInput: true,
  };
}

/** Where it is a pipe, Node queues what the reader has not taken yet. */
function ownStream(stream: NodeJS.WriteStream): TerminalStream {
  return {
    isTTY: stream.isTTY,
    get columns() {
      return stream.columns;
    },
    write: (text) => stream.write(text),
    drained: async () => {
      const { drained } = await import('@keelson/agent/client');
      return drained(stream);
    },
  };
}
