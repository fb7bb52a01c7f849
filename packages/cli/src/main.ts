import type { Command } from 'commander';
import { CommanderError } from 'commander';
import { CliError } from './cli-error.js';
import type { Caller, RunCommandLine } from './caller.js';
import { processCaller } from './caller.js';
import type { Bind } from './command-definition.js';
import { ExitCode } from './exit-code.js';
import type { RawGlobalOptions } from './global-options.js';
import { resolveGlobalOptions } from './global-options.js';
import { Output } from './output.js';
import { createProgram } from './program.js';
import { ServedMeanwhile } from './served-meanwhile.js';
import { Session } from './session.js';

/**
 * Runs one command line to its end and answers the exit code. Never throws: what goes wrong becomes one line
 * `keelson: CODE: message`, and with `--json` an error document too.
 *
 * @param host  the agent inside which it runs for somebody else; else it is on its own
 */
export const main: RunCommandLine = async (argv, caller = processCaller(), host) => {
  const { streams } = caller;
  let exitCode: number = ExitCode.success;
  const bind: Bind =
    (handler, { local = false, changes } = {}) =>
    async (...args) => {
      const command = args.at(-1) as Command;
      const options = resolveGlobalOptions(command.optsWithGlobals<RawGlobalOptions>(), caller);
      if (host && local) throw new CliError('USAGE', `an agent cannot be asked for ${command.name()}`);
      const ask = async (): Promise<number | undefined> =>
        host || local ? undefined : askAgent(options.root, argv, command, caller);
      const answered = await ask();
      if (answered !== undefined) {
        exitCode = answered;
        return;
      }
      const output = new Output(streams, options.json, options.quiet);
      const settled = host ? { ...options, root: host.root } : options;
      const session = new Session(settled, output, caller, main, host);
      if (changes) await host?.call.audit(`keelson ${command.name()}`, changes(command));
      try {
        exitCode = (await handler(session, command)) ?? ExitCode.success;
      } catch (error) {
        const later = error instanceof ServedMeanwhile ? await ask() : undefined;
        if (later === undefined) throw error;
        exitCode = later;
      }
    };
  const program = createProgram(bind);
  let refusing = program;
  for (const command of [program, ...program.commands]) {
    const refuse = (error: CommanderError): never => {
      refusing = command;
      throw error;
    };
    command.exitOverride(refuse).configureOutput({
      writeOut: (text) => streams.stdout.write(text),
      // Usage errors are told once, in our own words, below.
      writeErr: () => {},
      outputError: () => {},
    });
  }

  // An idle runtime does not keep Node alive, and a command that waits for a container has nothing but an
  // idle one.
  const alive = setInterval(() => {}, 0x7fff_ffff);
  try {
    await program.parseAsync(argv, { from: 'user' });
    return exitCode;
  } catch (error) {
    if (error instanceof CommanderError && error.exitCode === 0) return ExitCode.success;
    const failure = error instanceof CommanderError ? usageError(error, program, refusing) : error;
    new Output(streams, argv.includes('--json'), false).failure(failure);
    return exitCodeOf(failure);
  } finally {
    clearInterval(alive);
  }
};

/** Has the command run by the agent that serves `root`; `undefined` when none does. */
async function askAgent(
  root: string,
  argv: readonly string[],
  command: Command,
  caller: Caller,
): Promise<number | undefined> {
  const { remoteSocket, runRemotely } = await import('./remote-command.js');
  const socket = remoteSocket(root, caller);
  return socket === undefined ? undefined : runRemotely(socket, argv, command, caller);
}

function usageError(error: CommanderError, program: Command, refusing: Command): CliError {
  if (error.code === 'commander.help') {
    return new CliError('USAGE', `no command given. ${commandList(program)}`);
  }
  const help = refusing === program ? 'keelson --help' : `keelson ${refusing.name()} --help`;
  return new CliError('USAGE', `${error.message.replace(/^error: /, '')} (see ${help})`);
}

function commandList(program: Command): string {
  return `Commands: ${program.commands.map((command) => command.name()).join(', ')} (see keelson --help)`;
}

function exitCodeOf(failure: unknown): number {
  if (failure instanceof CliError && failure.code === 'USAGE') return ExitCode.usage;
  const exitCode = (failure as { exitCode?: unknown } | undefined)?.exitCode;
  return typeof exitCode === 'number' ? exitCode : ExitCode.failure;
}
