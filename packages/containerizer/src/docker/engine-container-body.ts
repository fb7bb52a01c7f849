import type { ContainerId } from '@keelson/provisioner';
import { commandLine } from '../command-line.js';
import type { ContainerConfig } from '../container-config.js';
import { containerEnvironment } from '../container-environment.js';
import { ContainerizerError } from '../containerizer-error.js';
import type { EngineImage } from './engine-answer.js';

/**
 * What an engine is asked to create. Pure.
 *
 * The command is settled here, by the same table as for every other container, and handed over as the entrypoint;
 * environment, user and working directory go to the engine, which completes them from the image by the same rules.
 * No swap beyond the memory limit, no new privileges, no restarts, no health checks: what runs is what we started.
 *
 * @throws ContainerizerError COMMAND_MISSING, CONTAINER_INVALID, MOUNT_REFUSED
 */
export function engineContainerBody(
  id: ContainerId,
  config: ContainerConfig,
  image: EngineImage,
  labels: Readonly<Record<string, string>>,
): object {
  const { workingDirectory, user, memoryBytes, cpus, processes, network, hostname = id.slice(0, 63) } = config;
  if (workingDirectory !== undefined && !workingDirectory.startsWith('/')) {
    const message = `The working directory '${workingDirectory}' is no absolute path`;
    throw new ContainerizerError('CONTAINER_INVALID', message);
  }
  return {
    // By its id: another image may get the name meanwhile.
    Image: image.id,
    Entrypoint: commandLine(config, image),
    Cmd: [],
    Env: environmentOf(config),
    Hostname: hostname,
    Labels: { ...labels, 'keelson.image': config.image!.name },
    Healthcheck: { Test: ['NONE'] },
    ...(workingDirectory !== undefined && { WorkingDir: workingDirectory }),
    ...(user !== undefined && { User: user }),
    HostConfig: {
      NetworkMode: network,
      Mounts: config.volumes.map(mountOf),
      RestartPolicy: { Name: 'no' },
      SecurityOpt: ['no-new-privileges'],
      // The one log of an engine that is always there to be read.
      LogConfig: { Type: 'json-file', Config: {} },
      ...(memoryBytes !== undefined && { Memory: memoryBytes, MemorySwap: memoryBytes }),
      ...(cpus !== undefined && { NanoCpus: Math.round(cpus * 1e9) }),
      ...(processes !== undefined && { PidsLimit: processes }),
    },
  };
}

/** The user's variables alone: the engine puts them over those of the image, and adds PATH and HOME. */
function environmentOf({ environment }: ContainerConfig): string[] {
  const checked = containerEnvironment([], [], environment, '/');
  return Object.keys(environment).map((name) => `${name}=${checked[name]}`);
}

function mountOf({ hostPath, containerPath, readOnly }: ContainerConfig['volumes'][number]): object {
  const refuse = (why: string) =>
    new ContainerizerError('MOUNT_REFUSED', `Cannot mount '${hostPath}' at '${containerPath}': ${why}`);
  if (!hostPath?.startsWith('/') || !containerPath.startsWith('/')) throw refuse('both must be absolute paths');
  const target = containerPath.replace(/\/+/g, '/').replace(/(?<=.)\/$/, '');
  if (/(^|\/)\.\.?(\/|$)/.test(target)) throw refuse('the target must not climb');
  if (/^\/($|proc(\/|$)|sys(\/|$)|dev$)/.test(target)) throw refuse('nothing can be mounted there');
  const BindOptions = { Propagation: 'rprivate' };
  return { Type: 'bind', Source: hostPath, Target: target, ReadOnly: readOnly, BindOptions };
}
