import { ContainerizerError } from './containerizer-error.js';

/** What an image says about the process to start; the fields of the OCI image configuration. */
export interface ImageProcess {
  readonly entrypoint?: readonly string[];
  readonly command?: readonly string[];
  /** `KEY=VALUE` lines. */
  readonly environment?: readonly string[];
  readonly workingDirectory?: string;
  readonly user?: string;
}

/**
 * The argument vector of a container's first process, by the table docker and podman users know:
 *
 * | entrypoint asked for | image entrypoint | arguments given | starts |
 * |---|---|---|---|
 * | yes | any | any | asked entrypoint, arguments; the image's CMD is ignored |
 * | no | yes | yes | image entrypoint, arguments |
 * | no | yes | no | image entrypoint, image CMD |
 * | no | no | yes | arguments |
 * | no | no | no | image CMD |
 *
 * @throws ContainerizerError COMMAND_MISSING    nothing is left to start
 * @throws ContainerizerError CONTAINER_INVALID  an argument holds a NUL
 */
export function commandLine(
  wanted: { readonly entrypoint?: readonly string[]; readonly argv: readonly string[] },
  image: ImageProcess,
): readonly string[] {
  const entrypoint = wanted.entrypoint ?? image.entrypoint ?? [];
  const command = wanted.argv.length > 0 || wanted.entrypoint ? wanted.argv : (image.command ?? []);
  const argv = [...entrypoint, ...command];
  if (argv.length === 0 || argv[0] === '') {
    throw new ContainerizerError(
      'COMMAND_MISSING',
      'Nothing to start: the image names no command and none was given',
    );
  }
  if (argv.some((argument) => argument.includes('\0'))) {
    throw new ContainerizerError(
      'CONTAINER_INVALID',
      'An argument holds a NUL byte, which no process can be given',
    );
  }
  return argv;
}
