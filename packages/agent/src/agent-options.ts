import { availableParallelism } from 'node:os';
import { normalize } from 'node:path';
import type { LauncherName } from '@keelson/containerizer';
import type { Platform } from '@keelson/image';
import type { BackendName } from '@keelson/provisioner';
import type { RegistriesSettings } from '@keelson/store';
import { AgentError } from './agent-error.js';
import { agentFields } from './agent-fields.js';
import type { ImageGcConfig } from './image-gc-config.js';
import { imageGcSettings } from './image-gc-config.js';
import type { Log } from './log-entry.js';
import { shape } from './schema/composed-schema.js';
import { SchemaError, shown } from './schema/schema-error.js';

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
  /**
   * Who may launch containers, in the order in which a launch is offered to them. Default: mesos alone, the native
   * one. What an earlier agent left with the other is looked after all the same.
   */
  readonly containerizers?: readonly ContainerizerName[];
  /** The Docker engine behind the docker containerizer. */
  readonly docker?: DockerOptions;
  /** Worker threads that unpack and remove trees, 1 to 64. Default: one a processor, at most 4. */
  readonly executorThreads?: number;
  /**
   * For a process that does one thing and ends, as a command: mounts and the removal of small trees then run on the
   * calling thread, since a thread takes a tenth of a second to start. Default: false.
   */
  readonly oneShot?: boolean;
  /** How long `start` waits for another owner of the store, 0 to 86,400,000 ms. Default: 30,000 ms. */
  readonly lockTimeoutMs?: number;
  /** When the agent removes images by itself. Default: never. */
  readonly imageGc?: ImageGcConfig;
  /** Mirrors and other settings of registries, by the name that references give them (`docker.io`). */
  readonly registries?: RegistriesSettings;
  /** Gets what the agent has to say. Default: nobody does. */
  readonly log?: Log;
  /** Told once when `start` has to wait, with the pid of the owner (0 if it is not known). */
  readonly onLockWait?: (ownerPid: number) => void;
  /** Told once the root (with every link resolved) is this agent's alone, before anything is recovered. */
  readonly onOwned?: (root: string) => void;
}

export type ContainerizerName = 'mesos' | 'docker';

export interface DockerOptions {
  /** Absolute path of the engine's unix socket. Default: /var/run/docker.sock. */
  readonly socket?: string;
  /** Whether a prune also lets the engine prune its own images. Default: false. */
  readonly prune?: boolean;
}

/** Options with every default filled in that does not need a look at the machine. */
export type AgentSettings = AgentOptions &
  Required<Pick<AgentOptions, 'executorThreads' | 'oneShot' | 'lockTimeoutMs' | 'log' | 'onLockWait' | 'onOwned'>>;

const callbacks = ['log', 'onLockWait', 'onOwned'] as const;
const { platform: _asText, ...plainFields } = agentFields;
const fieldNames = [...Object.keys(agentFields), 'oneShot', ...callbacks];
const schema = shape(plainFields);

/**
 * Checks options, which may come from a file or from JavaScript, and fills in the defaults.
 *
 * @throws AgentError CONFIG_INVALID  naming the field, its unit and its bounds
 */
export function settingsOf(options: AgentOptions): AgentSettings {
  try {
    return checked(options);
  } catch (error) {
    if (!(error instanceof SchemaError)) throw error;
    throw new AgentError('CONFIG_INVALID', `cannot set up an agent: ${error.message}`, { cause: error });
  }
}

function checked(options: AgentOptions): AgentSettings {
  if (typeof options !== 'object' || options === null) {
    throw new SchemaError('options', shown(options), 'must be an object with a root');
  }
  const unknown = Object.keys(options).find((name) => !fieldNames.includes(name));
  if (unknown !== undefined) {
    const value = shown(options[unknown as 'root']);
    throw new SchemaError(unknown, value, `is not one of ${fieldNames.join(', ')}`);
  }
  const { platform, oneShot = false, log = () => {}, onLockWait = () => {}, onOwned = () => {}, ...plain } = options;
  for (const [name, callback] of Object.entries({ log, onLockWait, onOwned })) {
    if (typeof callback !== 'function') throw new SchemaError(name, shown(callback), 'must be a function');
  }
  if (typeof oneShot !== 'boolean') throw new SchemaError('oneShot', shown(oneShot), 'must be true or false');
  const named = typeof platform?.os === 'string' && typeof platform.architecture === 'string';
  if (platform !== undefined && !named) {
    const rule = 'must hold an os and an architecture, for example linux and arm64';
    throw new SchemaError('platform', shown(platform), rule);
  }
  const { root, ...settings } = schema.read(plain, '');
  requireContainerizers(settings.containerizers);
  imageGcSettings(settings.imageGc);
  return {
    executorThreads: Math.min(4, availableParallelism()),
    lockTimeoutMs: 30_000,
    ...settings,
    ...(platform && { platform }),
    oneShot,
    log,
    onLockWait,
    onOwned,
    root: normalize(root).replace(/(?<=.)\/+$/, ''),
  };
}

function requireContainerizers(names: readonly ContainerizerName[] = ['mesos']): void {
  if (names.length > 0 && new Set(names).size === names.length) return;
  throw new SchemaError('containerizers', `"${names.join(',')}"`, 'must be mesos, docker or both, each once');
}
