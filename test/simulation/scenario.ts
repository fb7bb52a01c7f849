import type { Future } from '@keelson/process';
import type { ImageName } from '@keelson/provisioner';
import type { SimulatedImage } from '@keelson/simulation';
import { makeSimulatedImage, SimulatedWorld } from '@keelson/simulation';
import fc from 'fast-check';
import { expect } from 'vitest';

/** Two images over one base, and a second meaning for the first one's tag. */
const base = { base: 'base' };
export const images: Readonly<Record<string, SimulatedImage>> = {
  web: makeSimulatedImage([base, { web: 'web' }]),
  job: makeSimulatedImage([base, { job: 'job' }]),
  webTwo: makeSimulatedImage([base, { web: 'web two' }]),
};
/** The files a root filesystem of each image must show. */
const contents: Readonly<Record<string, readonly string[]>> = {
  web: ['base', 'web'],
  job: ['base', 'job'],
};

export type Command =
  | { readonly kind: 'pull'; readonly image: 'web' | 'job'; readonly force: boolean }
  | { readonly kind: 'provision'; readonly id: string; readonly image: 'web' | 'job' }
  | { readonly kind: 'destroy'; readonly id: string }
  | { readonly kind: 'prune'; readonly exclude: readonly string[] }
  | { readonly kind: 'retag' }
  | { readonly kind: 'discard'; readonly which: number };

export const command = (): fc.Arbitrary<Command> => {
  const image = fc.constantFrom('web' as const, 'job' as const);
  const id = fc.constantFrom('c1', 'c2', 'c1.child');
  return fc.oneof(
    fc.record({ kind: fc.constant('pull' as const), image, force: fc.boolean() }),
    fc.record({ kind: fc.constant('provision' as const), id, image }),
    fc.record({ kind: fc.constant('destroy' as const), id }),
    fc.record({ kind: fc.constant('prune' as const), exclude: fc.subarray(['registry.test/web', 'registry.test/job']) }),
    fc.constant({ kind: 'retag' as const }),
    fc.record({ kind: fc.constant('discard' as const), which: fc.nat(6) }),
  );
};

/** One request under way, and the command it came from. */
export interface Asked {
  readonly command: Command;
  readonly answer: Future<unknown>;
}

/** A world with its registry filled, recovered unless told otherwise. */
export function startWorld(options: ConstructorParameters<typeof SimulatedWorld>[0] = {}): SimulatedWorld {
  const world = new SimulatedWorld(options);
  if (options.registry === undefined) {
    for (const name of ['web', 'job']) world.registry.put(name, 'latest', images[name] as SimulatedImage);
  }
  return world;
}

/** Sends the commands all at once; the dispatcher decides what becomes of them. */
export function ask(world: SimulatedWorld, commands: readonly Command[]): Asked[] {
  const asked: Asked[] = [];
  for (const each of commands) {
    const answer = send(world, each, asked);
    if (answer !== undefined) asked.push({ command: each, answer });
  }
  return asked;
}

function send(world: SimulatedWorld, each: Command, asked: readonly Asked[]): Future<unknown> | undefined {
  switch (each.kind) {
    case 'pull':
      return world.store.pull(nameOf(each.image), { cached: !each.force });
    case 'provision':
      return world.provisioner.provision(each.id, dockerImage(each.image));
    case 'destroy':
      return world.provisioner.destroy(each.id);
    case 'prune':
      return world.provisioner.pruneImages(each.exclude.map((name): ImageName => ({ type: 'DOCKER', name })));
    case 'retag':
      world.registry.put('web', 'latest', images['webTwo'] as SimulatedImage);
      return undefined;
    case 'discard':
      asked[each.which % Math.max(1, asked.length)]?.answer.discard();
      return undefined;
  }
}

export function nameOf(image: string): string {
  return `registry.test/${image}`;
}

export function dockerImage(image: string): ImageName {
  return { type: 'DOCKER', name: nameOf(image) };
}

/** P2: every image that is listed has all its layers on the disk, each with its files. */
export function expectListedImagesWhole(world: SimulatedWorld): void {
  const listed = world.metadata.images();
  expect(world.settle()).toBe(true);
  for (const image of listed.get().images) {
    for (const id of image.layers) {
      expect(readDirectory(world, world.storePaths.rootfs(id)), `layer ${id} of ${image.reference}`).not.toBeUndefined();
    }
  }
}

/** P1: every root filesystem on record stands on layers that are there, and shows the files of its image. */
export function expectContainersWhole(world: SimulatedWorld): readonly string[] {
  const containers = world.provisioner.containers();
  expect(world.settle()).toBe(true);
  for (const container of containers.get()) {
    for (const rootfs of container.rootfses) {
      for (const id of rootfs.layers) {
        expect(readDirectory(world, world.storePaths.rootfs(id)), `layer ${id} under ${container.id}`).not.toBeUndefined();
      }
      const shown = readDirectory(world, rootfs.rootfs);
      const image = rootfs.reference.includes('/web') ? 'web' : 'job';
      expect(shown?.toSorted(), `root filesystem of ${container.id}`).toEqual(contents[image]);
    }
  }
  return containers.get().map(({ id }) => id);
}

/** P4: once all is quiet and pruned with nothing in use, nothing is left. */
export function expectNoGarbageAfterPrune(world: SimulatedWorld): void {
  const pruned = world.provisioner.pruneImages([]);
  expect(world.settle()).toBe(true);
  expect(pruned.toString()).toBe('Ready');
  const quiet = world.sweeper.quiet();
  expect(world.settle()).toBe(true);
  expect(quiet.toString()).toBe('Ready');
  for (const folder of ['staging', 'gc', 'layers', 'quarantine'] as const) {
    expect(readDirectory(world, world.storePaths[folder]) ?? [], folder).toEqual([]);
  }
}

/** Names in a directory of the disk as it is now; `undefined` when it is missing. */
export function readDirectory(world: SimulatedWorld, path: string): string[] | undefined {
  const listed = world.files.list(path);
  expect(world.settle()).toBe(true);
  return listed.isReady() ? listed.get().map((entry) => entry.name) : undefined;
}
