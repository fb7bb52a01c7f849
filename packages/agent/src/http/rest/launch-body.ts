import type { ContainerVolume } from '@keelson/containerizer';
import type { LaunchOptions } from '../../launch-options.js';
import { list, optional, shape, table } from '../../schema/composed-schema.js';
import { SchemaError } from '../../schema/schema-error.js';
import { choice, flag, measure, text, whole } from '../../schema/schema.js';
import type { ValueOf } from '../../schema/schema.js';
import { loginOf, registryCredentials } from './registry-credentials.js';

const word = (description: string) => text({ description, maxLength: 1024 * 1024 });

/** The body of `POST /v1/containers`: `LaunchOptions` as JSON. */
export const launchBody = shape({
  id: optional(
    text({
      description: 'Its name; a new one if unset. `parent.child` is nested.',
      pattern: /^[\w-]+(\.[\w-]+)*$/,
      expected: 'letters, digits, _ and -, with dots between those of nested containers',
    }),
  ),
  image: optional(word('As users write references; pulled if it is not here.')),
  credentials: optional(registryCredentials),
  rootfs: optional(word('Absolute path of a folder to use in place, instead of an image.')),
  argv: optional(list(word('An argument.'), { description: "Replaces the image's CMD." })),
  entrypoint: optional(list(word('A word.'), { description: "Replaces the image's ENTRYPOINT and CMD." })),
  environment: optional(table(word('A value.'), { description: 'Variables.' })),
  workingDirectory: optional(word('Absolute path inside.')),
  user: optional(word("By the image's own passwd and group files.")),
  volumes: optional(
    list(
      shape({
        containerPath: word('Absolute path inside.'),
        hostPath: optional(word('Absolute path of the host.')),
        image: optional(word('An image to mount, instead of a path of the host.')),
        readOnly: optional(flag({ description: 'Whether it may not be written.', default: false })),
      }),
      { description: 'What is mounted.' },
    ),
  ),
  memoryBytes: optional(
    whole({ description: 'Limit of memory.', unit: 'bytes', minimum: 1, maximum: Number.MAX_SAFE_INTEGER }),
  ),
  cpus: optional(
    measure({ description: 'Limit of processor time.', unit: 'processors', minimum: 0.01, maximum: 1024 }),
  ),
  processes: optional(
    whole({ description: 'Limit of processes and threads.', unit: 'processes', minimum: 1, maximum: 4_194_304 }),
  ),
  network: optional(choice(['host', 'none'], { description: 'Which network it sees.', default: 'host' })),
  hostname: optional(word('Its name for itself.')),
  type: optional(choice(['MESOS', 'DOCKER'], { description: 'DOCKER: by a Docker engine, where one is set up.' })),
  launcher: optional(choice(['crun', 'runc', 'linux'], { description: 'Who starts it.' })),
  backend: optional(choice(['copy', 'overlay', 'bind'], { description: 'How its root filesystem is made.' })),
});

/** @throws SchemaError  a volume is neither of a path nor of an image; credentials, but no image to pull */
export function launchOptionsOfBody(body: ValueOf<typeof launchBody>): LaunchOptions {
  const { volumes = [], credentials, ...options } = body;
  if (credentials && options.image === undefined) {
    throw new SchemaError('credentials', undefined, 'must come with the image that they are for');
  }
  return { ...options, ...loginOf(credentials), volumes: volumes.map(volumeOf), stdio: 'sandbox' };
}

function volumeOf(
  { containerPath, hostPath, image, readOnly = false }: NonNullable<ValueOf<typeof launchBody>['volumes']>[number],
  index: number,
): ContainerVolume {
  if (hostPath !== undefined && image === undefined) return { containerPath, readOnly, hostPath };
  if (image !== undefined && hostPath === undefined) {
    return { containerPath, readOnly, image: { type: 'DOCKER', name: image } };
  }
  throw new SchemaError(`volumes[${index}]`, undefined, 'must hold a hostPath or an image, and not both');
}
