import type { Agent } from '@keelson/agent';
import type { CommandCall } from '@keelson/agent/server';
import type { OutputStreams } from './output.js';
import type { SignalSource } from './signal-source.js';
import { processSignals } from './signal-source.js';

/** Who gave a command: where its words go, and what only that side knows. */
export interface Caller {
  readonly streams: OutputStreams;
  /** Absolute; relative paths of the command line begin here. */
  readonly workingDirectory: string;
  readonly signals: SignalSource;
  /** Aborted when nobody listens to the command any more. */
  readonly gone: AbortSignal;
}

/** The running agent inside which a command is run for somebody else. */
export interface HostingAgent {
  readonly agent: Agent;
  /** The root it owns, whatever the command line says. */
  readonly root: string;
  /** The call that brought the command. */
  readonly call: Pick<CommandCall, 'watch' | 'audit' | 'authorize'>;
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
    streams: { stdout: process.stdout, stderr: process.stderr, environment: process.env },
    workingDirectory: process.cwd(),
    signals: processSignals,
    gone: gone.signal,
  };
}
