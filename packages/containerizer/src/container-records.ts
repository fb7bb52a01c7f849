import type { ProcessIdentity } from '@keelson/os/ports';
import type { RecordFormat } from '@keelson/store';
import type { ContainerConfig, LauncherName } from './container-config.js';
import type { ContainerTermination } from './container-termination.js';
import type { ProcessRecord } from './launcher.js';

/** What was asked for, and when. */
export interface ConfigRecord {
  readonly config: ContainerConfig;
  /** ISO 8601 UTC. */
  readonly createdAt: string;
}

/**
 * What was made of it: the root filesystem, and unless that was all, who started something in it. What exactly that
 * was is in the launcher's own files: written once.
 */
export interface LaunchInfo {
  readonly rootfs: string;
  readonly backend?: string;
  /** Base first. */
  readonly layers?: readonly string[];
  readonly launcher?: LauncherName;
}

export const configFormat: RecordFormat<ConfigRecord> = {
  name: 'keelson-container-config',
  version: 1,
  parse: (payload) => {
    const { config, createdAt } = objectIn(payload, 'the record') as Partial<ConfigRecord>;
    const { argv, environment, volumes, image } = objectIn(config, 'config') as Partial<ContainerConfig>;
    if (!Array.isArray(argv) || !Array.isArray(volumes))
      throw new Error('config has no argv or no volumes');
    objectIn(environment, 'environment');
    if (image !== undefined && typeof image.name !== 'string') throw new Error('image has no name');
    if (typeof createdAt !== 'string') throw new Error('createdAt is missing');
    return { config: config!, createdAt };
  },
};

export const launchInfoFormat: RecordFormat<LaunchInfo> = {
  name: 'keelson-launch-info',
  version: 1,
  parse: (payload) => {
    const info = objectIn(payload, 'the record') as Partial<LaunchInfo>;
    if (typeof info.rootfs !== 'string') throw new Error('rootfs is missing');
    return { ...info, rootfs: info.rootfs };
  },
};

export const processFormat: RecordFormat<ProcessRecord> = {
  name: 'keelson-container-process',
  version: 1,
  parse: (payload) => {
    const record = objectIn(payload, 'the record') as Partial<ProcessRecord>;
    if (!Number.isSafeInteger(record.pid)) throw new Error('pid is missing');
    for (const identity of [record.process, record.monitor]) {
      if (identity !== undefined) requireIdentity(identity);
    }
    return record as ProcessRecord;
  },
};

export const terminationFormat: RecordFormat<ContainerTermination> = {
  name: 'keelson-container-termination',
  version: 1,
  parse: (payload) => objectIn(payload, 'the record'),
};

/** The exit status in a status file: a decimal number and a line end. Anything else is as good as none. */
export function parseStatus(text: string): number | undefined {
  return /^\d{1,3}\n$/.test(text) ? Number(text) : undefined;
}

function requireIdentity(identity: ProcessIdentity): void {
  const { pid, startTicks, bootId } = identity;
  if (!Number.isSafeInteger(pid) || !Number.isSafeInteger(startTicks) || typeof bootId !== 'string') {
    throw new Error('a process is not identified by pid, start time and boot id');
  }
}

function objectIn(value: unknown, what: string): object {
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw new Error(`${what} is not an object`);
  return value;
}
