import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Begun, Outcome, Started } from '../../../../test/support/keelson-command.js';
import { begin, run, runHere, runJson, start } from '../../../../test/support/keelson-command.js';
import { assembleDemoImages } from '../../src/demo/demo-images.js';
import { DemoRegistry } from '../../src/demo/demo-registry.js';
import { endContainers } from './end-containers.js';

export type { Outcome, Started };
export { program, run, start } from '../../../../test/support/keelson-command.js';

/** Assembled once: they are the same for every world of a test file. */
const images = assembleDemoImages();

/** A root of its own and a registry with the three demo images. */
export interface World {
  readonly root: string;
  readonly registry: DemoRegistry;
  readonly reference: (name: 'hello' | 'tally' | 'library') => string;
  readonly keelson: (...words: string[]) => Promise<Outcome>;
  /** In a process of its own. */
  readonly start: (...words: string[]) => Started;
  /** In the test's process, whatever it is: for who has no use for signals, and whose container says nothing itself. */
  readonly here: (...words: string[]) => Promise<Outcome>;
  readonly begin: (...words: string[]) => Begun;
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
    here: (...words) => runHere(withRoot(words)),
    begin: (...words) => begin(withRoot(words)),
    json: (...words) => runJson(withRoot(words)),
    remove: async () => {
      await registry.close();
      endContainers(root);
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
