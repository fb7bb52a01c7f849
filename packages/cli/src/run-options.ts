import { randomBytes } from 'node:crypto';
import { isAbsolute, resolve } from 'node:path';
import type { BackendName, LaunchOptions } from '@keelson/agent';
import { absoluteSource } from './absolute-source.js';
import type { Caller } from './caller.js';
import { CliError } from './cli-error.js';

/** The flags of `run`, as commander collects them. */
export interface RunFlags {
  readonly rootfs?: string;
  readonly name?: string;
  readonly rm?: boolean;
  readonly detach?: boolean;
  readonly env?: readonly string[];
  readonly volume?: readonly string[];
  readonly workdir?: string;
  readonly user?: string;
  readonly memory?: string;
  readonly cpus?: string;
  readonly pidsLimit?: string;
  readonly network?: 'host' | 'none';
  readonly containerizer?: 'mesos' | 'docker';
  readonly dockerSocket?: string;
  readonly launcher?: 'crun' | 'runc' | 'linux';
  readonly backend?: BackendName;
}

/** What to launch: `words` are the image (unless a root filesystem is given) and the arguments. */
export function launchOptionsOf(
  flags: RunFlags,
  words: readonly string[],
  { workingDirectory, streams: { environment } }: Pick<Caller, 'workingDirectory' | 'streams'>,
): LaunchOptions & { readonly id: string } {
  const { rootfs, name, workdir, user, memory, cpus, pidsLimit, network, launcher, backend } = flags;
  const [image, ...rest] = rootfs === undefined ? words : [undefined, ...words];
  if (rootfs === undefined && image === undefined) {
    throw new CliError('USAGE', 'run needs an image, or --rootfs');
  }
  return {
    id: name ?? randomBytes(6).toString('hex'),
    ...(image === undefined
      ? { rootfs: resolve(workingDirectory, rootfs!) }
      : { image: absoluteSource(image, workingDirectory) }),
    // After the image commander hands `--` through: it only ends our own options.
    argv: rest[0] === '--' ? (rest.slice(1) as string[]) : (rest as string[]),
    environment: Object.fromEntries((flags.env ?? []).flatMap((text) => variable(text, environment))),
    volumes: (flags.volume ?? []).map((text) => volume(text, workingDirectory)),
    // An engine's containers write into its log; it is copied to the sandbox.
    stdio: flags.detach || flags.containerizer === 'docker' ? 'sandbox' : 'inherit',
    ...(flags.containerizer && { type: flags.containerizer === 'docker' ? 'DOCKER' : 'MESOS' }),
    ...(workdir !== undefined && { workingDirectory: workdir }),
    ...(user !== undefined && { user }),
    ...(memory !== undefined && { memoryBytes: memoryBytes(memory) }),
    ...(cpus !== undefined && { cpus: processors(cpus) }),
    ...(pidsLimit !== undefined && { processes: processes(pidsLimit) }),
    ...(network && { network }),
    ...(launcher && { launcher }),
    ...(backend && { backend }),
  };
}

/** `K=V` as it is; `K` alone takes our own value, if there is one (as docker and podman do). */
function variable(text: string, environment: NodeJS.ProcessEnv): readonly (readonly [string, string])[] {
  const equals = text.indexOf('=');
  const name = equals < 0 ? text : text.slice(0, equals);
  if (name === '') {
    throw new CliError('USAGE', `--env is ${JSON.stringify(text)}, but must be NAME=VALUE or NAME`);
  }
  const value = equals < 0 ? environment[name] : text.slice(equals + 1);
  return value === undefined ? [] : [[name, value]];
}

function volume(
  text: string,
  workingDirectory: string,
): { hostPath: string; containerPath: string; readOnly: boolean } {
  const [host, target, mode, ...more] = text.split(':');
  const wellFormed =
    host && target && isAbsolute(target) && more.length === 0 && [undefined, 'ro', 'rw'].includes(mode);
  if (!wellFormed) {
    throw new CliError(
      'USAGE',
      `--volume is ${JSON.stringify(text)}, but must be HOST:/PATH or HOST:/PATH:ro`,
    );
  }
  return { hostPath: resolve(workingDirectory, host), containerPath: target, readOnly: mode === 'ro' };
}

function memoryBytes(text: string): number {
  const match = /^(\d+)([bkmg]?)$/i.exec(text);
  const unit = { '': 1, b: 1, k: 1024, m: 1024 ** 2, g: 1024 ** 3 }[match?.[2]?.toLowerCase() ?? '']!;
  const sizeBytes = Number(match?.[1]) * unit;
  if (!Number.isSafeInteger(sizeBytes) || sizeBytes <= 0) {
    throw new CliError(
      'USAGE',
      `--memory is ${JSON.stringify(text)}, but must be bytes, or a number with k, m or g`,
    );
  }
  return sizeBytes;
}

function processors(text: string): number {
  const number = Number(text);
  if (text.trim() === '' || !(number > 0 && number <= 1024)) {
    throw new CliError(
      'USAGE',
      `--cpus is ${JSON.stringify(text)}, but must be processors above 0, for example 0.5`,
    );
  }
  return number;
}

function processes(text: string): number {
  const number = Number(text);
  if (/^\d+$/.test(text) && number >= 1 && number <= 4_194_304) return number;
  throw new CliError(
    'USAGE',
    `--pids-limit is ${JSON.stringify(text)}, but must be a number of processes from 1 to 4194304`,
  );
}
