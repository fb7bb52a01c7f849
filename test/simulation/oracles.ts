import { check, checkEqual } from './check.js';
import type { Asked } from './command.js';
import { filesAt, namesAt, nodeAt } from './disk-view.js';
import { filesOf } from './images.js';
import type { Life } from './life.js';

/** What must hold of a life that is quiet. Each throws `Broken`, saying which law is broken. */

/** P2: every listed image has all its layers on the disk, and together they show its files. */
export function listedImagesAreWhole(life: Life): void {
  const { disk, storePaths, metadata } = life.world;
  for (const image of life.now(metadata.images()).images) {
    const shown: Record<string, string> = {};
    for (const id of image.layers) {
      const files = filesAt(disk, storePaths.rootfs(id));
      check(files !== undefined, () => `P2: layer ${id} of ${image.reference} is missing`);
      check(nodeAt(disk, storePaths.layerRecord(id)) !== undefined, () => `P2: layer ${id} has no record`);
      Object.assign(shown, files);
    }
    sameFiles(shown, filesOf(image.digest), `P2: files of ${image.reference}`);
  }
}

/**
 * P1: every root filesystem stands on layers that are there, and shows the files of its image.
 *
 * @param finished  false for containers whose root filesystem a crash may have cut short
 */
export function containersAreWhole(life: Life, finished: (id: string) => boolean = () => true): readonly string[] {
  const { disk, storePaths, provisioner } = life.world;
  const containers = life.now(provisioner.containers());
  for (const { id, rootfses } of containers) {
    for (const { rootfs, layers, digest } of rootfses) {
      for (const layer of layers) check(nodeAt(disk, storePaths.rootfs(layer)) !== undefined, `P1: ${layer} under ${id} is gone`);
      if (finished(id)) sameFiles(filesAt(disk, rootfs), filesOf(digest), `P1: root filesystem of ${id}`);
    }
  }
  return containers.map(({ id }) => id);
}

/** P5: nobody waits for ever. */
export function allSettled(asked: readonly Asked[]): void {
  const waiting = asked.filter(({ answer }) => answer.isPending()).map(({ command }) => JSON.stringify(command));
  check(waiting.length === 0, () => `P5: these wait for ever: ${waiting.join(' ')}`);
}

/** P6: no root, no job and nothing in staging is left of what has ended. */
export function nothingIsLeaked(life: Life): void {
  const roots = life.now(life.world.store.roots()).map(({ owner }) => owner);
  checkEqual(roots, [], 'P6: roots that nobody holds any more');
  check(life.world.executor.pendingJobs === 0, 'P6: a job never ends');
  checkEqual(namesAt(life.world.disk, life.world.storePaths.staging), [], 'P6: left in staging');
  checkEqual(namesAt(life.world.disk, life.world.storePaths.gc), [], 'P4: left in gc though all is quiet');
}

/**
 * P4: all containers destroyed and everything pruned, nothing is left.
 *
 * @param aside  what may lie in quarantine: two faults at once may leave something that nobody can judge
 */
export function nothingIsLeft(life: Life, aside = false): void {
  const { provisioner, sweeper, storePaths, provisionerPaths, disk } = life.world;
  for (const { id } of life.now(provisioner.containers()).toReversed()) {
    life.layers.destroying(id);
    life.now(provisioner.destroy(id));
  }
  life.now(provisioner.pruneImages([]));
  life.now(sweeper.quiet());
  for (const folder of ['staging', 'gc', 'layers', 'quarantine'] as const) {
    if (folder === 'quarantine' && aside) continue;
    checkEqual(namesAt(disk, storePaths[folder]), [], `P4: left in ${folder}`);
  }
  checkEqual(namesAt(disk, provisionerPaths.containers), [], 'P4: containers left');
  checkEqual(life.now(life.world.metadata.images()).images, [], 'P4: images left');
}

function sameFiles(shown: Record<string, string> | undefined, wanted: Readonly<Record<string, string>>, what: string): void {
  const sorted = (files: Readonly<Record<string, string>>): unknown => Object.entries(files).toSorted();
  checkEqual(shown && sorted(shown), sorted(wanted), what);
}
