import type { ContainerVolume } from '@keelson/containerizer';
import type { LaunchOptions } from '../../launch-options.js';
import { givenConfig } from '@keelson/store';
import { optional, shape } from '../../schema/composed-schema.js';
import type { ValueOf } from '../../schema/schema.js';
import { HttpFailure } from '../http-failure.js';
import type { MesosImage } from './mesos-schemas.js';
import { commandInfo, containerId, containerInfo, limits, resources } from './mesos-schemas.js';

/** `launch_container` of Mesos `v1/agent.proto`. */
export const launchMessage = shape(
  {
    container_id: containerId,
    command: optional(commandInfo),
    container: optional(containerInfo),
    resources: optional(resources),
    limits: optional(limits),
  },
  { open: true, description: 'LaunchContainer.' },
);

export type LaunchMessage = ValueOf<typeof launchMessage>;

const bytesPerMegabyte = 1024 * 1024;

/**
 * What a launch in Mesos's words is in ours.
 *
 * The command follows the table of Mesos's docker/runtime isolator: with `shell` (the default) or a `value` the image's
 * ENTRYPOINT and CMD are ignored; without either, arguments replace its CMD.
 *
 * @throws HttpFailure 400 for what this agent cannot honour
 */
export function launchOptionsFrom(message: LaunchMessage): LaunchOptions & { readonly id: string } {
  const { container_id: id, command = {}, container = {} } = message;
  const { type, volumes = [], hostname } = container;
  const { user, environment } = command;
  const variables = environment?.variables ?? [];
  return {
    id,
    ...imageOf(container),
    ...loginOf(container),
    ...(type && { type }),
    ...commandOf(command),
    environment: Object.fromEntries(variables.map(({ name, value = '' }) => [name, value])),
    volumes: volumes.map(volumeOf),
    stdio: 'sandbox',
    ...(user !== undefined && { user }),
    ...(hostname !== undefined && { hostname }),
    ...limitsOf(message),
  };
}

function imageOf({ type, mesos, docker }: NonNullable<LaunchMessage['container']>): { readonly image?: string } {
  if (type === 'DOCKER') {
    if (docker) return { image: docker.image };
    throw malformed('container.docker is missing');
  }
  return mesos?.image ? { image: dockerName(mesos.image) } : {};
}

function loginOf({ mesos }: NonNullable<LaunchMessage['container']>): Pick<LaunchOptions, 'login'> {
  const config = mesos?.image?.docker?.config;
  if (!config) return {};
  if (config.type === 'REFERENCE' || !config.value) throw malformed('docker.config must be a secret of type VALUE');
  try {
    return { login: { access: givenConfig(Buffer.from(config.value.data, 'base64')) } };
  } catch (error) {
    throw malformed(`docker.config: ${(error as Error).message}`);
  }
}

/** Whether the image is asked for anew, even if one is here. */
export function wantsFreshImage({ container }: LaunchMessage): boolean {
  return container?.mesos?.image?.cached === false;
}

function commandOf(command: NonNullable<LaunchMessage['command']>): Pick<LaunchOptions, 'argv' | 'entrypoint'> {
  const { shell = command.value !== undefined, value, arguments: words = [] } = command;
  if (shell) {
    if (value === undefined) throw malformed('command.value is missing');
    return { entrypoint: ['/bin/sh', '-c', value], argv: [] };
  }
  // The first argument is what the program is to be called, which we decide by its path.
  return value === undefined ? { argv: words } : { entrypoint: [value], argv: words.slice(1) };
}

function volumeOf(volume: NonNullable<NonNullable<LaunchMessage['container']>['volumes']>[number]): ContainerVolume {
  const { container_path: containerPath, host_path: hostPath, image, mode = 'RW' } = volume;
  const target = { containerPath, readOnly: mode === 'RO' };
  if (image?.docker?.config) {
    throw malformed(`the image of the volume at ${containerPath} has docker.config: pull it by POST /v1/images before`);
  }
  if (image) return { ...target, image: { type: 'DOCKER', name: dockerName(image) } };
  if (hostPath !== undefined) return { ...target, hostPath };
  throw malformed(`the volume at ${containerPath} has neither a host_path nor an image`);
}

function dockerName({ type, docker }: MesosImage): string {
  if (type === 'DOCKER' && docker) return docker.name;
  throw malformed('only images of type DOCKER, with docker.name, can be launched');
}

function limitsOf({ resources: wanted = [], limits: given = {} }: LaunchMessage): Partial<LaunchOptions> {
  const amount = (name: string): number | undefined =>
    given[name]?.value ?? wanted.find((each) => each.name === name)?.scalar?.value;
  const [cpus, megabytes] = [amount('cpus'), amount('mem')];
  return {
    ...(cpus !== undefined && cpus > 0 && { cpus }),
    ...(megabytes !== undefined && megabytes > 0 && { memoryBytes: Math.round(megabytes * bytesPerMegabyte) }),
  };
}

function malformed(why: string): HttpFailure {
  return new HttpFailure(400, `Failed to validate the call: ${why}`);
}
