import type { KeelsonInspector } from '@keelson/inspector';
import { createKeelsonInspector } from '@keelson/inspector';
import { readOnlyView } from './read-only-view.js';
import { pictureOf, readTrash } from './store-picture.js';

/** The inspector of the agent of `root`: its processes, containers and locks, and the picture of its store. */
export function createAgentInspector(root: string): KeelsonInspector {
  const view = readOnlyView(root);
  return createKeelsonInspector({
    title: root,
    // Every container is a machine of its own, which no process of XState spawned.
    parentOf: (id) => parents.find(([prefix]) => id.startsWith(prefix))?.[1],
    picture: async () => {
      const now = Date.now();
      const trash = await readTrash(root, now);
      return pictureOf(await view.snapshot(), trash, new Date(now).toISOString());
    },
  });
}

/** By what the ids of machines begin with, the process that drives them. */
const parents: readonly (readonly [string, string])[] = [
  ['container ', 'containerizer-mesos(1)'],
  ['pull of ', 'docker-store(1)'],
];
