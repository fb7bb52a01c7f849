import type { Logger } from '@keelson/containerizer';

export type LogLevel = 'error' | 'warn' | 'info' | 'debug';

/** One line of what the agent and its actors have to say. It never holds credentials. */
export interface LogEntry {
  readonly level: LogLevel;
  readonly message: string;
}

export type Log = (entry: LogEntry) => void;

/** The log in the shape in which actors tell. */
export function loggerFor(log: Log): Logger {
  return {
    info: (message) => log({ level: 'info', message }),
    warn: (message) => log({ level: 'warn', message }),
    error: (message) => log({ level: 'error', message }),
  };
}
