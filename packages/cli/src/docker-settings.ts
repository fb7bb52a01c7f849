import { resolve } from 'node:path';
import type { AgentOptions } from '@keelson/agent';
import type { Caller } from './caller.js';
import { CliError } from './cli-error.js';
import type { RunFlags } from './run-options.js';

/** The flags of `agent` that say who launches containers, as commander collects them. */
export interface DockerFlags {
  readonly containerizers?: string;
  readonly dockerSocket?: string;
  readonly dockerPrune?: boolean;
}

/**
 * They as settings, `NAME=VALUE` each.
 *
 * @throws CliError USAGE
 */
export function dockerSettingFlags(
  { containerizers, dockerSocket, dockerPrune }: DockerFlags,
  { workingDirectory }: Pick<Caller, 'workingDirectory'>,
): readonly string[] {
  const names = containerizers?.split(',').map((name) => name.trim());
  if (names?.some((name) => name !== 'mesos' && name !== 'docker') || new Set(names).size !== (names?.length ?? 0)) {
    throw new CliError('USAGE', `--containerizers is ${containerizers}, but must be mesos, docker or both, each once`);
  }
  return [
    ...(names ? [`containerizers=${JSON.stringify(names)}`] : []),
    ...(dockerSocket === undefined ? [] : [`docker.socket=${resolve(workingDirectory, dockerSocket)}`]),
    ...(dockerPrune ? ['docker.prune=true'] : []),
  ];
}

/** What an agent embedded in `run` is set up with: a hosting one has its own settings. */
export function dockerSettingsOfRun(
  { containerizer, dockerSocket }: Pick<RunFlags, 'containerizer' | 'dockerSocket'>,
  { workingDirectory }: Pick<Caller, 'workingDirectory'>,
): Partial<Pick<AgentOptions, 'containerizers' | 'docker'>> {
  if (containerizer !== 'docker') return {};
  const docker = dockerSocket === undefined ? {} : { socket: resolve(workingDirectory, dockerSocket) };
  return { containerizers: ['mesos', 'docker'], docker };
}
