import type { Log, LogEntry, LogLevel } from './log-entry.js';

/** From the fewest words to the most; the operator API tells a level by its place. */
export const logLevels = ['error', 'warn', 'info', 'debug'] as const satisfies readonly LogLevel[];

/** Lets through what is at or above a level, which can be changed for a while. */
export class LogLevelSwitch {
  readonly #usual: LogLevel;
  #level: LogLevel;
  #back: NodeJS.Timeout | undefined;

  constructor(
    level: LogLevel,
    private readonly log: Log,
  ) {
    this.#usual = level;
    this.#level = level;
  }

  get level(): LogLevel {
    return this.#level;
  }

  readonly write = (entry: LogEntry): void => {
    if (logLevels.indexOf(entry.level) <= logLevels.indexOf(this.#level)) this.log(entry);
  };

  /** Changes the level for `durationMs`; then it is as it was at the start again. */
  set(level: LogLevel, durationMs: number): void {
    clearTimeout(this.#back);
    this.#level = level;
    this.#back = setTimeout(() => (this.#level = this.#usual), Math.min(durationMs, 0x7fff_ffff)).unref();
  }
}
