import type { ContainerInfo } from '@keelson/containerizer';
import { Future } from '@keelson/process';
import type { ContainerId } from '@keelson/provisioner';
import { parseSource } from '@keelson/store';
import { AgentError } from './agent-error.js';
import type { AgentSettings } from './agent-options.js';
import type { LaunchOptions } from './launch-options.js';
import { configOf } from './launch-options.js';
import type { Machine } from './machine.js';

export interface CreateOptions extends LaunchOptions {
  /** Stop once the root filesystem stands. */
  readonly provisionOnly?: boolean;
}

/**
 * Makes a container, or with `provisionOnly` its root filesystem alone; answers what came of it.
 *
 * @throws AgentError CONTAINER_EXISTS  the name is taken, perhaps by one that has ended
 */
export function createContainer(
  { containerizer, store }: Pick<Machine, 'containerizer' | 'store'>,
  settings: AgentSettings,
  id: ContainerId,
  options: CreateOptions,
): Future<ContainerInfo> {
  const { provisionOnly = false, onProgress, ...wanted } = options;
  return storedName(options, (image) => store.get(image)).then((image) => {
    const config = { ...configOf(wanted, settings, image), ...(provisionOnly && { provisionOnly }) };
    return containerizer.launch(id, config, onProgress ? { onProgress } : {}).then((result) => {
      if (result === 'SUCCESS') return containerizer.status(id);
      if (result === 'NOT_SUPPORTED') {
        throw new AgentError('NOT_SUPPORTED', `no containerizer can launch ${id}`);
      }
      throw new AgentError('CONTAINER_EXISTS', `cannot make container ${id}: there is one of that name`);
    });
  });
}

/** A local source is loaded first, and used by the name it was stored under: a prune knows it by no other. */
function storedName<T extends { readonly reference: string }>(
  { image }: LaunchOptions,
  get: (image: string) => Future<T>,
): Future<string | undefined> {
  if (image === undefined || parseSource(image).scheme === 'docker') return Future.ready(image);
  return get(image).then(({ reference }) => reference);
}
