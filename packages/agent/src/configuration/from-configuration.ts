import { ImageError, parsePlatform } from '@keelson/image';
import { AgentError } from '../agent-error.js';
import type { AgentOptions } from '../agent-options.js';
import type { Configuration } from './configuration.js';

/**
 * The part of a configuration that is the agent's own.
 *
 * @throws AgentError CONFIG_INVALID  the platform is none
 */
export function agentOptionsFrom(configuration: Configuration): AgentOptions {
  const { root, backend, launcher, platform, containerizers, docker } = configuration;
  const { executorThreads, lockTimeoutMs, imageGc, registries } = configuration;
  return {
    root,
    ...(backend && { backend }),
    ...(launcher && { launcher }),
    ...(platform !== undefined && { platform: readPlatform(platform) }),
    ...(containerizers && { containerizers }),
    ...(docker && { docker }),
    ...(executorThreads !== undefined && { executorThreads }),
    ...(lockTimeoutMs !== undefined && { lockTimeoutMs }),
    ...(imageGc && { imageGc }),
    ...(registries && { registries }),
  };
}

function readPlatform(text: string): NonNullable<AgentOptions['platform']> {
  try {
    return parsePlatform(text);
  } catch (cause) {
    if (!(cause instanceof ImageError)) throw cause;
    throw new AgentError('CONFIG_INVALID', `cannot set up an agent: platform: ${cause.message}`, { cause });
  }
}
