import { ContainerizerError } from './containerizer-error.js';

type Environment = Readonly<Record<string, string>>;

const defaultPath = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

/**
 * The environment of a container's first process: the user's over the isolators' over the image's, and a
 * PATH and a HOME in any case. Nothing of our own environment is passed on. Lines of the image without
 * `=` are skipped, as Mesos `docker/runtime` does.
 *
 * @param layers  isolators' environments in their order; later ones win
 * @param home    home directory of the container's user
 * @throws ContainerizerError CONTAINER_INVALID  a name that is empty or holds `=`, or a NUL anywhere
 */
export function containerEnvironment(
  image: readonly string[],
  layers: readonly Environment[],
  user: Environment,
  home: string,
): Environment {
  const merged = Object.assign(Object.create(null) as Record<string, string>, {
    PATH: defaultPath,
    HOME: home,
  });
  for (const line of image) {
    const split = line.indexOf('=');
    if (split > 0) merged[line.slice(0, split)] = line.slice(split + 1);
  }
  Object.assign(merged, ...layers, user);

  for (const [name, value] of Object.entries(merged)) {
    if (name === '' || name.includes('=') || name.includes('\0') || value.includes('\0')) {
      throw new ContainerizerError('CONTAINER_INVALID', `The environment variable '${name}' cannot be set`);
    }
  }
  return { ...merged };
}
