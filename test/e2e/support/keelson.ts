import type { ChildProcess } from 'node:child_process';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

const program = fileURLToPath(new URL('../../../packages/cli/bin/keelson.js', import.meta.url));

export interface Outcome {
  readonly exitCode: number | null;
  readonly signal: string | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface Started {
  readonly child: ChildProcess;
  readonly outcome: Promise<Outcome>;
  /** Settles once what it printed so far contains `text`. */
  printed(text: string): Promise<void>;
}

/** The CLI as a user starts it, on one root. */
export class Keelson {
  constructor(
    readonly root: string,
    private readonly environment: NodeJS.ProcessEnv = {},
  ) {}

  start(...words: string[]): Started {
    const child = spawn(process.execPath, [program, '--root', this.root, ...words], {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...process.env, NO_COLOR: '1', ...this.environment },
    });
    let stdout = '';
    let stderr = '';
    const watchers = new Set<() => void>();
    child.stdout.on('data', (chunk: Buffer) => {
      stdout += chunk.toString();
      for (const watch of watchers) watch();
    });
    child.stderr.on('data', (chunk: Buffer) => (stderr += chunk.toString()));
    const outcome = once(child, 'close').then(([exitCode, signal]) => ({ exitCode, signal, stdout, stderr }) as Outcome);
    const printed = (text: string): Promise<void> =>
      new Promise((resolve, reject) => {
        const watch = (): void => void (stdout.includes(text) && (watchers.delete(watch), resolve()));
        watchers.add(watch);
        watch();
        void outcome.then((end) => reject(new Error(`ended before it printed ${text}:\n${end.stdout}${end.stderr}`)));
      });
    return { child, outcome, printed };
  }

  async run(...words: string[]): Promise<Outcome> {
    return await this.start(...words).outcome;
  }

  /** Runs with `--json` and answers the document; fails unless it exited 0 with exactly one document on stdout. */
  async json<T = any>(...words: string[]): Promise<T> {
    const end = await this.run('--json', ...words);
    if (end.exitCode !== 0) throw new Error(`keelson ${words.join(' ')} exited ${end.exitCode}:\n${end.stdout}${end.stderr}`);
    return JSON.parse(end.stdout) as T;
  }
}
