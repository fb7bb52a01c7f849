import type { ChildProcess } from 'node:child_process';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { StringDecoder } from 'node:string_decoder';
import { fileURLToPath } from 'node:url';
import { main } from 'keelson';

/** The built command. */
export const program = fileURLToPath(new URL('../../packages/cli/bin/keelson.js', import.meta.url));

export interface Outcome {
  readonly exitCode: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** A command at work. */
export interface Begun {
  readonly outcome: Promise<Outcome>;
  /** Settles once one of its streams holds `text`. */
  said(text: string): Promise<void>;
}

export interface Started extends Begun {
  readonly child: ChildProcess;
  /** What its streams have said so far. */
  readonly texts: { readonly stdout: string; readonly stderr: string };
}

/** The built command in a process of its own, as a user starts it. */
export function start(words: readonly string[], environment: NodeJS.ProcessEnv = {}): Started {
  const child = spawn(process.execPath, [program, ...words], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, NO_COLOR: '1', ...environment },
  });
  const texts = new SpokenTexts();
  for (const name of ['stdout', 'stderr'] as const) {
    child[name].setEncoding('utf8').on('data', (chunk: string) => texts.add(name, chunk));
  }
  const outcome = once(child, 'close').then(([exitCode]) => ({
    exitCode: exitCode as number | null,
    ...texts.all,
  }));
  return { child, outcome, texts: texts.all, said: (text) => texts.said(text, outcome) };
}

/** Commands that hand the streams or the signals of their own process on. */
const needsProcess: ReadonlySet<string | undefined> = new Set(['run', 'demo', 'agent', 'inspect', '--version', '-V']);
const detaches: ReadonlySet<string> = new Set(['-d', '--detach']);

/**
 * Runs a command to its end: the same built code, and in this process where the command does not need one of its own,
 * for starting Node costs more than most commands do.
 */
export function run(words: readonly string[], environment?: NodeJS.ProcessEnv): Promise<Outcome> {
  const own = words.some((word) => needsProcess.has(word)) && !words.some((word) => detaches.has(word));
  return environment || own ? start(words, environment).outcome : runHere(words);
}

/** Runs a command to its end in this process, which its container gets the streams of if no agent serves. */
export function runHere(words: readonly string[]): Promise<Outcome> {
  return begin(words).outcome;
}

/** Begins a command in this process: for one that waits while the test goes on. No signal reaches it. */
export function begin(words: readonly string[]): Begun {
  const texts = new SpokenTexts();
  const stream = (name: 'stdout' | 'stderr') => {
    const decoder = new StringDecoder('utf8');
    return { write: (text: string | Uint8Array) => texts.add(name, typeof text === 'string' ? text : decoder.write(Buffer.from(text))) };
  };
  const outcome = main(words, {
    streams: {
      stdout: stream('stdout'),
      stderr: stream('stderr'),
      environment: { ...process.env, NO_COLOR: '1' },
    },
    workingDirectory: process.cwd(),
    signals: { listen: () => () => {} },
    gone: new AbortController().signal,
  }).then((exitCode) => ({ exitCode, ...texts.all }));
  return { outcome, said: (text) => texts.said(text, outcome) };
}

/** What the two streams of a command have said so far. */
class SpokenTexts {
  readonly all = { stdout: '', stderr: '' };
  readonly #watchers = new Set<() => void>();

  add(name: 'stdout' | 'stderr', text: string): void {
    this.all[name] += text;
    for (const watcher of this.#watchers) watcher();
  }

  said(text: string, outcome: Promise<Outcome>): Promise<void> {
    return new Promise((resolve, reject) => {
      const watcher = (): void => {
        if (this.all.stdout.includes(text) || this.all.stderr.includes(text)) resolve();
      };
      this.#watchers.add(watcher);
      watcher();
      void outcome.then((end) => reject(new Error(`it ended without saying "${text}": ${JSON.stringify(end)}`)));
    });
  }
}

/** Runs with `--json`; fails unless it ended well with exactly one document on stdout. */
export async function runJson(words: readonly string[], environment?: NodeJS.ProcessEnv): Promise<any> {
  const end = await run(['--json', ...words], environment);
  if (end.exitCode !== 0) {
    throw new Error(`keelson ${words.join(' ')} ended with ${end.exitCode}: ${end.stdout}${end.stderr}`);
  }
  return JSON.parse(end.stdout);
}
