import { resolve } from 'node:path';
import type { AgentOptions, ContainerizerName } from '@keelson/agent';
import type { Caller } from './caller.js';
import { CliError } from './cli-error.js';
import type { RunFlags } from './run-options.js';

/** The flags of `agent` that say who launches containers, as commander collects them. */
export interface DockerFlags {
  readonly containerizers?: string;
  readonly dockerSocket?: string;
  readonly dockerPrune?: boolean;
}

type Settings = Pick<AgentOptions, 'containerizers' | 'docker'>;

/** What they mean for the agent. @throws CliError USAGE */
export function dockerSettingsOf(
  { containerizers, dockerSocket, dockerPrune }: DockerFlags,
  { workingDirectory }: Pick<Caller, 'workingDirectory'>,
): Settings {
  const names = containerizers?.split(',').map((name) => name.trim());
  if (names?.some((name) => !isContainerizer(name)) || new Set(names).size !== (names?.length ?? 0)) {
    throw new CliError('USAGE', `--containerizers is ${containerizers}, but must be mesos, docker or both, each once`);
  }
  const docker = {
    ...(dockerSocket !== undefined && { socket: resolve(workingDirectory, dockerSocket) }),
    ...(dockerPrune && { prune: true }),
  };
  return { ...(names && { containerizers: names as ContainerizerName[] }), docker };
}

/** What an agent embedded in `run` is set up with: a hosting one has its own settings. */
export function dockerSettingsOfRun(
  { containerizer, dockerSocket }: Pick<RunFlags, 'containerizer' | 'dockerSocket'>,
  caller: Pick<Caller, 'workingDirectory'>,
): Partial<Settings> {
  if (containerizer !== 'docker') return {};
  return dockerSettingsOf({ containerizers: 'mesos,docker', ...(dockerSocket && { dockerSocket }) }, caller);
}

function isContainerizer(name: string): name is ContainerizerName {
  return name === 'mesos' || name === 'docker';
}
