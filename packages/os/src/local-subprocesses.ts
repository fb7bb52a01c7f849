import { type SpawnOptions, spawn } from 'node:child_process';
import { closeSync, constants, existsSync, openSync, writeSync } from 'node:fs';
import { isMainThread } from 'node:worker_threads';
import { Deferred, Future } from '@keelson/process';
import { collectOutput } from './child-output.js';
import { fileError, toFileError } from './file-error.js';
import type { FileError } from './ports/files.js';
import type {
  Child,
  ChildInput,
  ChildOptions,
  ExitStatus,
  RunResult,
  Subprocesses,
} from './ports/subprocess.js';
import { DetachedChildren } from './detached-children.js';
import { findProgram } from './program-search.js';
import type { StartedChild } from './started-child.js';
import { hasNative } from './system-calls/native.js';
import { openPipe, spawnDetached } from './system-calls/spawn.js';

type RunOptions = Parameters<Subprocesses['run']>[0];
type Stdio = 'inherit' | 'ignore' | 'pipe' | number;

/** Child processes of this one. Never a shell: argv goes to execve as it is. */
export class LocalSubprocesses implements Subprocesses {
  readonly #detached = new DetachedChildren();

  /** A detached child does not keep this process alive; any other does until it ends. */
  spawn(options: ChildOptions): Future<Child> {
    const stdio = [
      () => stdioOf(options.stdin, constants.O_RDONLY),
      () => stdioOf(options.stdout, APPEND),
      () => stdioOf(options.stderr, APPEND),
    ];
    // Where there are no native calls Node starts it, which takes longer and is the same otherwise.
    if (options.detached && isMainThread && options.workingDirectory === undefined && hasNative()) {
      return Future.from(startDetached(this.#detached, options, stdio));
    }
    return Future.from(start(options, () => stdio.map((open) => open()))).then(({ process, status }) => {
      if (options.detached) process.unref();
      // A child that does not read it closes the pipe, and may.
      process.stdin?.on('error', () => undefined);
      return {
        pid: process.pid as number,
        status: status.future,
        kill: (signal) => process.kill(signal as NodeJS.Signals),
        ...(process.stdin && { stdin: { end: (text = '') => void process.stdin?.end(text) } }),
      };
    });
  }

  /**
   * Discarding kills the child; the future is discarded once it is gone. Output beyond the bound is dropped.
   *
   * @throws FileError ETIMEDOUT  it ran longer than `timeoutMs`, and was killed
   */
  run(options: RunOptions): Future<RunResult> {
    const answer = new Deferred<RunResult>();
    const stdin = () => (options.input === undefined ? stdioOf(options.stdin, constants.O_RDONLY) : 'pipe');
    Future.from(start(options, () => [stdin(), 'pipe', 'pipe']))
      .onFailed((error) => answer.fail(error))
      .onReady((child) => {
        answer.future.onDiscard(() => void child.process.kill('SIGKILL'));
        Future.from(collectOutput(child, options))
          .onReady((result) => (answer.future.hasDiscard() ? answer.discard() : answer.set(result)))
          .onFailed((error) => answer.fail(error));
      });
    return answer.future;
  }
}

/** As `start`, without a copy of this process: monitors of containers are started so. */
async function startDetached(
  children: DetachedChildren,
  options: ChildOptions,
  stdio: readonly (() => Stdio)[],
): Promise<Child> {
  const { argv, environment = {} } = options;
  const [name = ''] = argv;
  // A path needs no search, and the kernel says what is wrong with it.
  const program = name.includes('/') ? name : await requireProgram(name);
  const pipe = options.stdin === 'pipe' ? openPipe() : undefined;
  const stdin = pipe && new PipedInput(pipe.writeEnd);
  const descriptors = pipe ? [pipe.readEnd] : [];
  try {
    for (const open of stdio.slice(descriptors.length)) descriptors.push(descriptorOf(open(), descriptors.length));
    const child = children.start(() => spawnDetached({ program, argv, environment, stdio: descriptors }));
    return { ...child, ...(stdin && { stdin }) };
  } catch (error) {
    stdin?.end();
    throw toFileError(error, 'spawn', name);
  } finally {
    closeOpened(descriptors, options);
  }
}

class PipedInput implements ChildInput {
  #writeEnd: number | undefined;

  constructor(writeEnd: number) {
    this.#writeEnd = writeEnd;
  }

  /** Without waiting: an empty pipe takes a line at once. */
  end(text = ''): void {
    const descriptor = this.#writeEnd;
    if (descriptor === undefined) return;
    this.#writeEnd = undefined;
    try {
      if (text !== '') writeSync(descriptor, text);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EPIPE') throw error;
    } finally {
      closeSync(descriptor);
    }
  }
}

/** Answers once the program really runs. Closes the files that were opened for it, whatever happens. */
async function start(options: ChildOptions, stdio: () => Stdio[]): Promise<StartedChild> {
  const [name = '', ...rest] = options.argv;
  const program = await requireProgram(name);
  const files = stdio();
  try {
    const child = spawn(program, rest, spawnOptions(options, name, files));
    const status = new Deferred<ExitStatus>();
    child.once('exit', (code, signal) => status.set(exitStatus(code, signal)));
    await new Promise<void>((started, failed) => {
      child.once('spawn', started);
      // Stays for good: a later failure to signal it must not end this process.
      child.on('error', (error) => failed(startError(error, name, options.workingDirectory)));
    });
    return { process: child, status };
  } catch (error) {
    throw toFileError(error, 'spawn', name);
  } finally {
    closeOpened(files, options);
  }
}

async function requireProgram(name: string): Promise<string> {
  const program = await findProgram(name);
  if (program !== undefined) return program;
  const code = name.includes('/') && existsSync(name) ? 'EACCES' : 'ENOENT';
  throw fileError(code, 'spawn', name, code === 'ENOENT' ? 'no such program' : 'not an executable file');
}

function spawnOptions(options: ChildOptions, name: string, stdio: Stdio[]): SpawnOptions {
  const { environment = {}, workingDirectory, detached = false } = options;
  const directory = workingDirectory === undefined ? {} : { cwd: workingDirectory };
  return { argv0: name, env: environment, stdio, detached, ...directory };
}

/** What Node would have made of it: ours, or /dev/null. */
function descriptorOf(stdio: Stdio, index: number): number {
  if (typeof stdio === 'number') return stdio;
  return stdio === 'inherit' ? index : openSync('/dev/null', constants.O_RDWR);
}

/** Closes what was opened for a child: not our own streams, nor a descriptor that was lent. */
function closeOpened(stdio: readonly Stdio[], { stdin }: ChildOptions): void {
  const lent = typeof stdin === 'object' && 'descriptor' in stdin ? stdin.descriptor : undefined;
  for (const each of stdio) if (typeof each === 'number' && each > 2 && each !== lent) closeSync(each);
}

function stdioOf(stdio: ChildOptions['stdin'] = 'ignore', flags: number): Stdio {
  if (typeof stdio === 'string') return stdio;
  if ('descriptor' in stdio) return stdio.descriptor;
  try {
    return openSync(stdio.path, flags, 0o600);
  } catch (error) {
    throw toFileError(error, 'open', stdio.path);
  }
}

/** Node blames the program for a missing working directory. */
function startError(error: Error, name: string, workingDirectory: string | undefined): FileError {
  const missing = workingDirectory !== undefined && !existsSync(workingDirectory);
  if (missing) return fileError('ENOENT', 'chdir', workingDirectory, `working directory of '${name}'`);
  return toFileError(error, 'spawn', name);
}

function exitStatus(code: number | null, signal: string | null): ExitStatus {
  return signal === null ? { exitCode: code ?? 0 } : { signal };
}

const APPEND = constants.O_WRONLY | constants.O_APPEND | constants.O_CREAT | constants.O_NOFOLLOW;
