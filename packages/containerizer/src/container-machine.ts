import { setup } from 'xstate';
import type { SnapshotFrom } from 'xstate';
import type { ContainerState } from './container-info.js';

/** What happens to a container. One event is sent per turn of the containerizer that owns it. */
export type ContainerEvent =
  | { readonly type: 'PROVISION' }
  | { readonly type: 'PREPARE' }
  | { readonly type: 'ISOLATE' }
  | { readonly type: 'FETCH' }
  | { readonly type: 'RUN' }
  | { readonly type: 'STAND' }
  | { readonly type: 'FOUND_RUNNING' }
  | { readonly type: 'FOUND_PROVISIONED' }
  | { readonly type: 'FOUND_ENDED' }
  | { readonly type: 'DESTROY' }
  | { readonly type: 'DESTROY_FAILED' }
  | { readonly type: 'ENDED' }
  | { readonly type: 'REMOVE' };

/**
 * The life of one container, as the containerizer drives it and the inspector draws it.
 *
 * | state        | event             | next                | because |
 * |--------------|-------------------|---------------------|---------|
 * | STARTING     | PROVISION         | PROVISIONING        | its checkpointed configuration names an image |
 * | STARTING     | PREPARE           | PREPARING           | it runs on a folder |
 * | STARTING     | FOUND_RUNNING     | RUNNING             | recovery found its process alive |
 * | STARTING     | FOUND_PROVISIONED | PROVISIONED         | recovery found a root filesystem asked for alone |
 * | STARTING     | FOUND_ENDED       | EXITED              | recovery found it ended and cleaned up |
 * | PROVISIONING | PREPARE           | PREPARING           | its root filesystem stands |
 * | PROVISIONING | STAND             | PROVISIONED         | … and nothing more was wanted |
 * | PREPARING    | ISOLATE           | ISOLATING           | isolators are prepared, `launch_info` is written |
 * | ISOLATING    | FETCH             | FETCHING            | its process is started and isolated |
 * | FETCHING     | RUN               | RUNNING             | nothing is left to fetch |
 * | any of these | DESTROY           | DESTROYING          | it ended, is not wanted, or its launch failed |
 * | DESTROYING   | DESTROY_FAILED    | DESTROYING.failed   | something is left and stays protected (T32) |
 * | DESTROYING   | DESTROY           | DESTROYING.working  | from `failed` alone: tried again |
 * | DESTROYING   | ENDED             | EXITED              | it ran: records and logs stay to look at |
 * | DESTROYING   | REMOVE            | REMOVED             | it never ran: nothing of it is worth keeping |
 * | EXITED       | REMOVE            | REMOVED             | the user is done with it |
 *
 * Every container is its own root actor: stopping one parent of n children costs n² in XState.
 * The states up to DESTROYING are those of Mesos `containerizer/mesos/containerizer.hpp`.
 */
export const containerMachine = setup({ types: { events: {} as ContainerEvent } }).createMachine({
  id: 'container',
  initial: 'STARTING',
  states: {
    STARTING: {
      on: {
        PROVISION: 'PROVISIONING',
        PREPARE: 'PREPARING',
        FOUND_RUNNING: 'RUNNING',
        FOUND_PROVISIONED: 'PROVISIONED',
        FOUND_ENDED: 'EXITED',
        DESTROY: 'DESTROYING',
      },
    },
    PROVISIONING: { on: { PREPARE: 'PREPARING', STAND: 'PROVISIONED', DESTROY: 'DESTROYING' } },
    PREPARING: { on: { ISOLATE: 'ISOLATING', DESTROY: 'DESTROYING' } },
    ISOLATING: { on: { FETCH: 'FETCHING', DESTROY: 'DESTROYING' } },
    FETCHING: { on: { RUN: 'RUNNING', DESTROY: 'DESTROYING' } },
    RUNNING: { on: { DESTROY: 'DESTROYING' } },
    PROVISIONED: { on: { DESTROY: 'DESTROYING' } },
    DESTROYING: {
      initial: 'working',
      states: { working: { on: { DESTROY_FAILED: 'failed' } }, failed: { on: { DESTROY: 'working' } } },
      on: { ENDED: 'EXITED', REMOVE: 'REMOVED' },
    },
    EXITED: { on: { REMOVE: 'REMOVED' } },
    REMOVED: { type: 'final' },
  },
});

/** The name of the state a snapshot of `containerMachine` is in, without what is inside DESTROYING. */
export function containerStateOf(snapshot: SnapshotFrom<typeof containerMachine>): ContainerState {
  const { value } = snapshot;
  return typeof value === 'string' ? value : 'DESTROYING';
}
