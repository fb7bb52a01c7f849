import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { assembleDemoImages } from '../../src/demo/demo-images.js';
import { DemoRegistry } from '../../src/demo/demo-registry.js';
import { endContainers } from './end-containers.js';

export const program = fileURLToPath(new URL('../../bin/keelson.js', import.meta.url));

export interface Outcome {
  readonly exitCode: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface Started {
  readonly child: ChildProcess;
  readonly outcome: Promise<Outcome>;
  /** Settles once one of its streams holds `text`. */
  said(text: string): Promise<void>;
}

/** The built command, as a user starts it. */
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
  return { child, outcome, said };
}

export function run(words: readonly string[], environment: NodeJS.ProcessEnv = {}): Promise<Outcome> {
  return start(words, environment).outcome;
}

/** Assembled once: they are the same for every world of a test file. */
const images = assembleDemoImages();

/** A root of its own and a registry with the three demo images. */
export interface World {
  readonly root: string;
  readonly registry: DemoRegistry;
  readonly reference: (name: 'hello' | 'tally' | 'library') => string;
  readonly keelson: (...words: string[]) => Promise<Outcome>;
  readonly start: (...words: string[]) => Started;
  /** Runs with `--json`; fails unless it ended well with exactly one document on stdout. */
  readonly json: (...words: string[]) => Promise<any>;
  readonly remove: () => Promise<void>;
}

export async function makeWorld(): Promise<World> {
  // In memory where there is room: on some disks trees are slow to make where others were removed before.
  const folder = mkdtempSync(join(existsSync('/dev/shm') ? '/dev/shm' : tmpdir(), 'keelson-cli-'));
  const root = join(folder, 'root');
  const registry = await DemoRegistry.listen((await images).content);
  const withRoot = (words: string[]): string[] => ['--root', root, ...words];
  return {
    root,
    registry,
    reference: (name) => `${registry.host}/demo/${name}:1`,
    keelson: (...words) => run(withRoot(words)),
    start: (...words) => start(withRoot(words)),
    json: async (...words) => {
      const end = await run(withRoot(['--json', ...words]));
      if (end.exitCode !== 0) {
        throw new Error(`keelson ${words.join(' ')} ended with ${end.exitCode}: ${end.stdout}${end.stderr}`);
      }
      return JSON.parse(end.stdout);
    },
    remove: async () => {
      await registry.close();
      endContainers(root);
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
