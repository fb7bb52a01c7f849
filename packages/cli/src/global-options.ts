import { homedir } from 'node:os';
import { join, resolve } from 'node:path';
import type { Command } from 'commander';
import { Option } from 'commander';
import type { Caller } from './caller.js';
import { CliError } from './cli-error.js';

export const logLevels = ['error', 'warn', 'info', 'debug'] as const;
export type LogLevel = (typeof logLevels)[number];

/** What every command is told, before its own name or after it. */
export interface GlobalOptions {
  /** Absolute. */
  readonly root: string;
  readonly json: boolean;
  readonly quiet: boolean;
  readonly logLevel: LogLevel;
  readonly lockTimeoutMs: number;
}

/** As commander collects them. */
export interface RawGlobalOptions {
  readonly root?: string;
  readonly json?: boolean;
  readonly quiet?: boolean;
  readonly logLevel?: LogLevel;
  readonly lockTimeout?: number;
}

/**
 * Declares the global options on the program, or hidden on a command so that they may follow its name too.
 */
export function declareGlobalOptions(command: Command, { hidden }: { readonly hidden: boolean }): void {
  const options = [
    new Option(
      '--root <dir>',
      'where images and containers are kept (default: $KEELSON_ROOT, /var/lib/keelson)',
    ),
    new Option('--json', 'one JSON document on stdout; everything for people goes to stderr'),
    new Option('-q, --quiet', 'no progress, no notices'),
    new Option('--log-level <level>', 'what the agent may say on stderr (default: warn)').choices(logLevels),
    new Option(
      '--lock-timeout <seconds>',
      'how long to wait for a command that owns the store (default: 30)',
    ).argParser(parseSeconds),
  ];
  for (const option of options) command.addOption(hidden ? option.hideHelp() : option);
}

export function resolveGlobalOptions(
  raw: RawGlobalOptions,
  { workingDirectory, streams: { environment } }: Pick<Caller, 'workingDirectory' | 'streams'>,
): GlobalOptions {
  return {
    root: resolve(workingDirectory, raw.root ?? (environment['KEELSON_ROOT'] || defaultRoot(environment))),
    json: raw.json ?? false,
    quiet: raw.quiet ?? false,
    logLevel: raw.logLevel ?? 'warn',
    lockTimeoutMs: Math.round((raw.lockTimeout ?? 30) * 1000),
  };
}

function defaultRoot(environment: NodeJS.ProcessEnv): string {
  if (process.geteuid?.() === 0) return '/var/lib/keelson';
  return join(environment['XDG_DATA_HOME'] || join(homedir(), '.local/share'), 'keelson');
}

function parseSeconds(text: string): number {
  const seconds = Number(text);
  if (text.trim() !== '' && seconds >= 0 && seconds <= 86_400) return seconds;
  throw new CliError('USAGE', `--lock-timeout is ${text}, but must be seconds from 0 to 86400`);
}
