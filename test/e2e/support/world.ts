import { execFileSync } from 'node:child_process';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll } from 'vitest';
import { missing } from '../../support/needs.js';
import { Corpus } from './corpus.js';
import { Keelson } from './keelson.js';
import type { Registry } from './registry.js';
import { startRegistry } from './registry.js';
import { mountsBelow } from './mounts.js';
import { makeWorkspace } from './workspace.js';

/** What the end-to-end tests need beyond Node: without it they are skipped, each with the reason. */
export const wanted = ['root', 'overlayfs', 'umoci', 'skopeo', 'docker-registry', 'busybox'] as const;

/** One registry on loopback filled with real images, and as many agent roots as the tests of a file ask for. */
export class World {
  corpus!: Corpus;
  registry!: Registry;
  folder!: string;
  #roots = 0;
  readonly references = new Map<string, string>();

  /** A CLI on a root of its own. */
  keelson(environment?: NodeJS.ProcessEnv): Keelson {
    return new Keelson(join(this.folder, `root-${(this.#roots += 1)}`), environment);
  }

  /** `127.0.0.1:PORT/tag:latest` */
  reference(tag: string): string {
    const reference = this.references.get(tag);
    if (reference === undefined) throw new Error(`nothing was pushed as ${tag}`);
    return reference;
  }
}

/** Builds the world once for a test file and takes it down after, mounts included. */
export function useWorld(options: { debian?: boolean } = {}): World {
  const world = new World();
  let remove = (): void => {};
  beforeAll(async () => {
    const needed = [...wanted, ...(options.debian ? ['debootstrap'] : [])];
    if (needed.some((need) => missing(need) !== undefined)) return;
    const workspace = makeWorkspace('e2e');
    remove = workspace.remove;
    world.folder = workspace.path;
    world.corpus = new Corpus(join(workspace.path, 'corpus'));
    world.corpus.buildSmall();
    world.registry = await startRegistry(join(workspace.path, 'registry'));
    const { address } = world.registry;
    for (const tag of ['busybox', 'app', 'web']) world.references.set(tag, world.corpus.push(address, tag));
    world.references.set('whiteouts', world.corpus.push(address, 'whiteouts', 'v2s2'));
    world.references.set('many', await world.corpus.pushIndex(address));
    if (options.debian) {
      world.corpus.buildDebian();
      world.references.set('debian', world.corpus.push(address, 'debian'));
    }
    await world.registry.takeAccesses();
  }, 600_000);
  afterAll(async () => {
    await world.registry?.stop();
    unmountBelow(world.folder);
    remove();
  }, 120_000);
  return world;
}

function unmountBelow(folder: string | undefined): void {
  if (folder === undefined) return;
  const targets = mountsBelow(folder);
  for (const target of targets.toReversed()) execFileSync('umount', ['-l', target], { stdio: 'ignore' });
  rmSync(folder, { recursive: true, force: true });
}
