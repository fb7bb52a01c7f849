import type { Command } from 'commander';
import type { Session } from './session.js';

/** What a command does; answers its exit code, 0 if it says nothing. */
export type CommandHandler = (session: Session, command: Command) => Promise<number | void>;

export interface BindOptions {
  /** It has nothing to do with the agent that serves the root: it always runs where it was given. */
  readonly local?: boolean;
  /** It changes something, named here for the journal of the agent that runs it. Never a secret. */
  readonly changes?: (command: Command) => string;
}

/** For commands that change what their arguments name. */
export function allArguments(command: Command): string {
  return command.args.join(' ');
}

/**
 * Turns a handler into what commander calls: it finds the session of this run and keeps the exit code. Where
 * an agent serves the root the handler runs there, and this process only shows what it says.
 */
export type Bind = (
  handler: CommandHandler,
  options?: BindOptions,
) => (...args: unknown[]) => Promise<void>;

/** Declares one sub-command on the program. Heavy modules are imported inside its handler. */
export type CommandDefinition = (program: Command, bind: Bind) => void;
