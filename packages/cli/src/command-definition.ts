import type { Command } from 'commander';
import type { Session } from './session.js';

/** What a command does; answers its exit code, 0 if it says nothing. */
export type CommandHandler = (session: Session, command: Command) => Promise<number | void>;

/** Turns a handler into what commander calls: it finds the session of this run and keeps the exit code. */
export type Bind = (handler: CommandHandler) => (...args: unknown[]) => Promise<void>;

/** Declares one sub-command on the program. Heavy modules are imported inside its handler. */
export type CommandDefinition = (program: Command, bind: Bind) => void;
