import { availableParallelism } from 'node:os';
import { isAbsolute, normalize } from 'node:path';
import type { LauncherName } from '@keelson/containerizer';
import type { Platform } from '@keelson/image';
import type { BackendName } from '@keelson/provisioner';
import { AgentError } from './agent-error.js';
import type { ImageGcConfig } from './image-gc-config.js';
import { imageGcSettings } from './image-gc-config.js';
import type { Log } from './log-entry.js';

/** How an agent is set up. Only `root` is needed. */
export interface AgentOptions {
  /**
   * Absolute path of the directory that holds everything of this agent; made with mode 0700 if it is missing.
   */
  readonly root: string;
  /**
   * How root filesystems are made unless a request says otherwise. Default: overlay where it works, else
   * copy.
   */
  readonly backend?: BackendName;
  /**
   * Who starts containers unless a request says otherwise. Default: the first of crun, runc and linux that
   * works.
   */
  readonly launcher?: LauncherName;
  /** Which image of a multi-platform index is taken. Default: this machine's. */
  readonly platform?: Platform;
  /** Worker threads that unpack and remove trees, 1 to 64. Default: one a processor, at most 4. */
  readonly executorThreads?: number;
  /** How long `start` waits for another owner of the store, 0 to 86,400,000 ms. Default: 30,000 ms. */
  readonly lockTimeoutMs?: number;
  /** When the agent removes images by itself. Default: never. */
  readonly imageGc?: ImageGcConfig;
  /** Gets what the agent has to say. Default: nobody does. */
  readonly log?: Log;
  /** Told once when `start` has to wait, with the pid of the owner (0 if it is not known). */
  readonly onLockWait?: (ownerPid: number) => void;
  /** Told once the root (with every link resolved) is this agent's alone, before anything is recovered. */
  readonly onOwned?: (root: string) => void;
}

/** Options with every default filled in that does not need a look at the machine. */
export type AgentSettings = AgentOptions &
  Required<Pick<AgentOptions, 'executorThreads' | 'lockTimeoutMs' | 'log' | 'onLockWait' | 'onOwned'>>;

const maxThreads = 64;
const maxLockTimeoutMs = 86_400_000;
const known: Readonly<Record<keyof AgentOptions, true>> = {
  root: true,
  backend: true,
  launcher: true,
  platform: true,
  executorThreads: true,
  lockTimeoutMs: true,
  imageGc: true,
  log: true,
  onLockWait: true,
  onOwned: true,
};

/**
 * Checks options, which may come from a file or from JavaScript, and fills in the defaults.
 *
 * @throws AgentError CONFIG_INVALID  naming the field, its unit and its bounds
 */
export function settingsOf(options: AgentOptions): AgentSettings {
  if (typeof options !== 'object' || options === null) {
    refuse('options', options, 'must be an object with a root');
  }
  for (const field of Object.keys(options)) {
    if (!(field in known)) {
      refuse(field, options[field as 'root'], `is not one of ${Object.keys(known).join(', ')}`);
    }
  }
  const { root, backend, launcher, platform } = options;
  if (typeof root !== 'string' || !isAbsolute(root)) refuse('root', root, 'must be an absolute path');
  if (root.includes('\0')) refuse('root', root, 'must not hold a NUL character');
  requireOneOf('backend', backend, ['copy', 'overlay', 'bind']);
  requireOneOf('launcher', launcher, ['crun', 'runc', 'linux']);
  if (
    platform !== undefined &&
    (typeof platform?.os !== 'string' || typeof platform.architecture !== 'string')
  ) {
    refuse('platform', platform, 'must hold an os and an architecture, for example linux and arm64');
  }
  const { log = () => {}, onLockWait = () => {}, onOwned = () => {} } = options;
  if (typeof log !== 'function') refuse('log', log, 'must be a function');
  if (typeof onLockWait !== 'function') refuse('onLockWait', onLockWait, 'must be a function');
  if (typeof onOwned !== 'function') refuse('onOwned', onOwned, 'must be a function');

  const executorThreads = options.executorThreads ?? Math.min(4, availableParallelism());
  const lockTimeoutMs = options.lockTimeoutMs ?? 30_000;
  if (!Number.isInteger(executorThreads) || executorThreads < 1 || executorThreads > maxThreads) {
    refuse('executorThreads', executorThreads, `must be a whole number of threads from 1 to ${maxThreads}`);
  }
  if (typeof lockTimeoutMs !== 'number' || !(lockTimeoutMs >= 0 && lockTimeoutMs <= maxLockTimeoutMs)) {
    refuse('lockTimeoutMs', lockTimeoutMs, `must be milliseconds from 0 to ${maxLockTimeoutMs}`);
  }
  imageGcSettings(options.imageGc);
  const trimmed = normalize(root).replace(/(?<=.)\/+$/, '');
  return { ...options, root: trimmed, log, onLockWait, onOwned, executorThreads, lockTimeoutMs };
}

function requireOneOf(field: string, value: unknown, allowed: readonly string[]): void {
  if (value === undefined || allowed.includes(value as string)) return;
  refuse(field, value, `must be one of ${allowed.join(', ')}`);
}

function refuse(field: string, value: unknown, rule: string): never {
  const shown = typeof value === 'string' ? `"${value}"` : String(value);
  throw new AgentError('CONFIG_INVALID', `cannot set up an agent: ${field} is ${shown}, but ${rule}`);
}
