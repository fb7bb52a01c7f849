import type { Digest } from './digest.js';
import { isDigest } from './digest.js';
import type { JsonLimits } from './json-cursor.js';
import { JsonCursor } from './json-cursor.js';
import type { Platform } from './platform.js';
import { normalisePlatform } from './platform.js';

/**
 * How a container of this image starts, and which layers it has. Plain data: it is kept as JSON.
 *
 * `entrypoint` and `cmd` together are the argument vector. Source: OCI image-spec `config.md`.
 */
export interface ImageConfig extends Platform {
  /** ISO 8601, as the builder wrote it. */
  readonly created?: string;
  /** `NAME=value` each. */
  readonly env: readonly string[];
  readonly entrypoint: readonly string[];
  readonly cmd: readonly string[];
  /** Empty means `/`. */
  readonly workingDirectory: string;
  /** `user[:group]`, by name or number; empty means root. */
  readonly user: string;
  readonly volumes: readonly string[];
  /** `80/tcp` */
  readonly exposedPorts: readonly string[];
  readonly labels: Readonly<Record<string, string>>;
  readonly stopSignal?: string;
  /** Of the uncompressed layers, base first. */
  readonly diffIds: readonly Digest[];
}

/**
 * Reads the configuration of a Docker or OCI image.
 *
 * @throws ImageError INVALID_CONFIG  malformed or over a limit; the message names the field
 */
export function parseImageConfig(bytes: Uint8Array, limits?: JsonLimits): ImageConfig {
  const document = JsonCursor.parse(bytes, 'image configuration', 'INVALID_CONFIG', limits);
  const variant = document.optionalString('variant');
  const created = document.optionalString('created');
  return {
    ...normalisePlatform({
      os: document.string('os'),
      architecture: document.string('architecture'),
      ...(variant === undefined ? {} : { variant }),
    }),
    ...(created === undefined ? {} : { created }),
    ...readExecution(document.optionalObject('config')),
    diffIds: readDiffIds(document.object('rootfs')),
  };
}

type Execution = Omit<ImageConfig, keyof Platform | 'created' | 'diffIds'>;

function readExecution(config: JsonCursor | undefined): Execution {
  const stopSignal = config?.optionalString('StopSignal');
  return {
    env: config?.strings('Env') ?? [],
    entrypoint: config?.strings('Entrypoint') ?? [],
    cmd: config?.strings('Cmd') ?? [],
    workingDirectory: config?.optionalString('WorkingDir') ?? '',
    user: config?.optionalString('User') ?? '',
    volumes: config?.optionalObject('Volumes')?.keys() ?? [],
    exposedPorts: config?.optionalObject('ExposedPorts')?.keys() ?? [],
    labels: config?.stringMap('Labels') ?? {},
    ...(stopSignal === undefined || stopSignal === '' ? {} : { stopSignal }),
  };
}

function readDiffIds(rootfs: JsonCursor): Digest[] {
  if (rootfs.string('type') !== 'layers') throw rootfs.refused('of type "layers"');
  return rootfs.array('diff_ids').map((element) => {
    const diffId = element.asString();
    if (!isDigest(diffId)) throw element.refused('a sha256 or sha512 digest');
    return diffId;
  });
}
