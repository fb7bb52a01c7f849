import { registriesSchema } from './registries-schema.js';
import { imageGcSchema } from './image-gc-config.js';
import type { Schema } from './schema/schema.js';
import { absolutePath, choice, flag, text, whole } from './schema/schema.js';
import { list, optional, shape } from './schema/composed-schema.js';

/** A platform as `parsePlatform` reads it. */
export function platformText(description: string): Schema<string> {
  return text({
    description,
    pattern: /^[a-z0-9]+\/[a-z0-9_]+(\/[a-z0-9]+)?$/,
    expected: 'OS/ARCHITECTURE[/VARIANT], for example linux/arm64',
    maxLength: 100,
  });
}

/**
 * The settings of an agent that can be written down, in a file or as a flag. `AgentOptions` says what they mean for
 * who embeds one.
 */
export const agentFields = {
  root: absolutePath(
    'Directory of everything that belongs to this agent; made with mode 0700 if it is missing. One agent a root.',
  ),
  backend: optional(
    choice(['copy', 'overlay', 'bind'], {
      description: 'How root filesystems are made. Without it: overlay where it works, else copy.',
    }),
  ),
  launcher: optional(
    choice(['crun', 'runc', 'linux'], {
      description: 'Who starts containers. Without it: the first of crun, runc and linux that works.',
    }),
  ),
  platform: optional(
    platformText('Which image of a multi-platform index is taken. Without it: that of this machine.'),
  ),
  containerizers: optional(
    list(choice(['mesos', 'docker'], { description: 'The native one, or one that has a Docker engine do it.' }), {
      description: 'Who may launch containers, in the order in which a launch is offered to them. Without it: mesos.',
      maxItems: 2,
    }),
  ),
  docker: optional(
    shape(
      {
        socket: optional(
          text({
            description: 'Unix socket of the Docker engine.',
            pattern: /^\//,
            expected: 'an absolute path',
            maxLength: 107,
            default: '/var/run/docker.sock',
          }),
        ),
        prune: optional(
          flag({ description: 'Whether a prune has the engine prune its own images too.', default: false }),
        ),
      },
      { description: 'The engine behind the docker containerizer.' },
    ),
  ),
  executorThreads: optional(
    whole({
      description: 'Worker threads that unpack and remove trees. Without it: one a processor, at most 4.',
      unit: 'threads',
      minimum: 1,
      maximum: 64,
    }),
  ),
  lockTimeoutMs: optional(
    whole({
      description: 'How long the start waits for another owner of the store.',
      unit: 'milliseconds',
      minimum: 0,
      maximum: 86_400_000,
      default: 30_000,
    }),
  ),
  imageGc: optional(imageGcSchema),
  registries: optional(registriesSchema),
};
