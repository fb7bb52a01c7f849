import type { Future } from '@keelson/process';

/** How a child ended: an exit code, or the signal that killed it. */
export type ExitStatus =
  | { readonly exitCode: number; readonly signal?: undefined }
  | { readonly exitCode?: undefined; readonly signal: string };

/** `inherit` ours, `ignore` is /dev/null, `path` appends to a file created 0600. */
export type ChildStdio = 'inherit' | 'ignore' | { readonly path: string };

export interface ChildOptions {
  /** argv[0] is the program, looked up in PATH when it holds no slash. Never a shell. */
  readonly argv: readonly string[];
  /** The whole environment; nothing is inherited unless given here. */
  readonly environment?: Readonly<Record<string, string>>;
  readonly workingDirectory?: string;
  /** `pipe`: what `Child.stdin` is given, for `spawn` alone; `descriptor`: one of ours, which stays open here. */
  readonly stdin?: ChildStdio | 'pipe' | { readonly descriptor: number };
  readonly stdout?: ChildStdio;
  readonly stderr?: ChildStdio;
  /** Its own session, not ended with us. */
  readonly detached?: boolean;
}

export interface Child {
  readonly pid: number;
  readonly status: Future<ExitStatus>;
  /** False when it is gone already. */
  kill(signal: string): boolean;
  /** For a `stdin` of `pipe`. */
  readonly stdin?: ChildInput;
}

/** Our end of a pipe. It ends with this process at the latest, however that ends. */
export interface ChildInput {
  /** Writes at most a line (4 KiB), and ends. Only the first call counts; a child that is gone does not matter. */
  end(text?: string): void;
}

export interface RunResult {
  readonly status: ExitStatus;
  readonly stdout: string;
  readonly stderr: string;
}

/** Child processes. A program that cannot be started fails with `FileError` (ENOENT, EACCES, …). */
export interface Subprocesses {
  spawn(options: ChildOptions): Future<Child>;
  /** Runs to the end and collects what it printed, at most `maxOutputBytes` (1 MiB) of each stream. */
  run(
    options: ChildOptions & {
      readonly input?: string;
      readonly maxOutputBytes?: number;
      readonly timeoutMs?: number;
    },
  ): Future<RunResult>;
}
