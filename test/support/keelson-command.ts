import type { ChildProcess } from 'node:child_process';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { main } from 'keelson';

/** The built command. */
export const program = fileURLToPath(new URL('../../packages/cli/bin/keelson.js', import.meta.url));

export interface Outcome {
  readonly exitCode: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface Started {
  readonly child: ChildProcess;
  readonly outcome: Promise<Outcome>;
  /** What its streams have said so far. */
  readonly texts: { readonly stdout: string; readonly stderr: string };
  /** Settles once one of its streams holds `text`. */
  said(text: string): Promise<void>;
}

/** The built command in a process of its own, as a user starts it. */
export function start(words: readonly string[], environment: NodeJS.ProcessEnv = {}): Started {
  const child = spawn(process.execPath, [program, ...words], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, NO_COLOR: '1', ...environment },
  });
  const texts = { stdout: '', stderr: '' };
  const watchers = new Set<() => void>();
  for (const name of ['stdout', 'stderr'] as const) {
    child[name].setEncoding('utf8').on('data', (chunk: string) => {
      texts[name] += chunk;
      for (const watcher of watchers) watcher();
    });
  }
  const outcome = once(child, 'close').then(([exitCode]) => ({
    exitCode: exitCode as number | null,
    ...texts,
  }));
  const said = (text: string): Promise<void> =>
    new Promise((resolve, reject) => {
      const watcher = (): void => {
        if (texts.stdout.includes(text) || texts.stderr.includes(text)) resolve();
      };
      watchers.add(watcher);
      watcher();
      void outcome.then((end) =>
        reject(new Error(`it ended without saying "${text}": ${JSON.stringify(end)}`)),
      );
    });
  return { child, outcome, texts, said };
}

/** Commands that hand the streams or the signals of their own process on. */
const needsProcess: ReadonlySet<string | undefined> = new Set(['run', 'demo', 'agent', 'inspect', 'logs', 'wait', '--version', '-V']);

/**
 * Runs a command to its end: the same built code, and in this process where the command does not need one of its own,
 * for starting Node costs more than most commands do.
 */
export async function run(words: readonly string[], environment?: NodeJS.ProcessEnv): Promise<Outcome> {
  if (environment || words.some((word) => needsProcess.has(word))) return start(words, environment).outcome;
  const texts = { stdout: '', stderr: '' };
  const stream = (name: 'stdout' | 'stderr') => ({
    write: (text: string | Uint8Array) => (texts[name] += Buffer.from(text as string).toString('utf8')),
  });
  const exitCode = await main(words, {
    streams: {
      stdout: stream('stdout'),
      stderr: stream('stderr'),
      environment: { ...process.env, NO_COLOR: '1' },
    },
    workingDirectory: process.cwd(),
    signals: { listen: () => () => {} },
    gone: new AbortController().signal,
  });
  return { exitCode, ...texts };
}

/** Runs with `--json`; fails unless it ended well with exactly one document on stdout. */
export async function runJson(words: readonly string[], environment?: NodeJS.ProcessEnv): Promise<any> {
  const end = await run(['--json', ...words], environment);
  if (end.exitCode !== 0) {
    throw new Error(`keelson ${words.join(' ')} ended with ${end.exitCode}: ${end.stdout}${end.stderr}`);
  }
  return JSON.parse(end.stdout);
}
