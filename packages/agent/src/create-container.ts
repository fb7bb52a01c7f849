import type { ContainerInfo } from '@keelson/containerizer';
import { ContainerizerError } from '@keelson/containerizer';
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
  { containerizer, store, access }: Pick<Machine, 'containerizer' | 'store' | 'access'>,
  settings: AgentSettings,
  id: ContainerId,
  options: CreateOptions,
): Future<ContainerInfo> {
  const { provisionOnly = false, login, onProgress, stdin, ...wanted } = options;
  if (stdin !== undefined && !(Number.isSafeInteger(stdin) && stdin >= 0)) {
    const message = `Cannot launch container '${id}': its stdin is no descriptor`;
    return Future.failed(new ContainerizerError('CONTAINER_INVALID', message));
  }
  return storedName(options, (image) => store.get(image)).then((image) => {
    const type = typeOf(options, settings);
    const config = {
      ...configOf(wanted, settings, image),
      ...(provisionOnly && { provisionOnly }),
      ...(type && { type }),
    };
    const shown = login && isOfRegistry(options.image) ? access(options.image, login) : undefined;
    const asked = {
      ...(onProgress && { onProgress }),
      ...(shown && { access: shown }),
      ...(stdin !== undefined && { stdin }),
    };
    return containerizer.launch(id, config, asked).then((result) => {
      if (result === 'SUCCESS') return containerizer.status(id);
      if (result === 'NOT_SUPPORTED') {
        throw new AgentError('NOT_SUPPORTED', `no containerizer can launch ${id}`);
      }
      throw new AgentError('CONTAINER_EXISTS', `cannot make container ${id}: there is one of that name`);
    });
  });
}

/** For whom it is: as it was asked for, or else whoever is the only one here. */
function typeOf({ type }: CreateOptions, { containerizers = ['mesos'] }: AgentSettings): CreateOptions['type'] {
  const types = containerizers.map((name) => (name === 'docker' ? 'DOCKER' : 'MESOS'));
  if (type !== undefined && !types.includes(type)) {
    throw new AgentError('NOT_SUPPORTED', `this agent was started without the ${type.toLowerCase()} containerizer`);
  }
  return type ?? (types.length === 1 ? types[0] : undefined);
}

/** A local source is loaded first, and used by the name it was stored under: a prune knows it by no other. */
function storedName<T extends { readonly reference: string }>(
  { image, type }: LaunchOptions,
  get: (image: string) => Future<T>,
): Future<string | undefined> {
  // An engine has images of its own; what it cannot pull it will refuse.
  if (type === 'DOCKER') return Future.ready(image);
  if (image === undefined || isOfRegistry(image)) return Future.ready(image);
  return get(image).then(({ reference }) => reference);
}

function isOfRegistry(image: string | undefined): image is string {
  return image !== undefined && parseSource(image).scheme === 'docker';
}
