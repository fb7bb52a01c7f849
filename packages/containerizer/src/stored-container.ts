import type { Files, Host, ProcessIdentity } from '@keelson/os/ports';
import { FileError } from '@keelson/os/ports';
import { collect, Future } from '@keelson/process';
import type { ContainerId } from '@keelson/provisioner';
import { isContainerId } from '@keelson/provisioner';
import type { RecordFormat } from '@keelson/store';
import { decodeRecord } from '@keelson/store';
import type { ContainerPaths } from './container-paths.js';
import type { ConfigRecord, LaunchInfo } from './container-records.js';
import {
  configFormat,
  launchInfoFormat,
  parseStatus,
  processFormat,
  terminationFormat,
} from './container-records.js';
import type { ContainerTermination } from './container-termination.js';
import type { ProcessRecord } from './launcher.js';

/**
 * What is on disk of one container. Any part may be missing; a part that cannot be read counts as
 * missing.
 */
export interface StoredContainer {
  readonly id: ContainerId;
  readonly config?: ConfigRecord;
  readonly launchInfo?: LaunchInfo;
  readonly process?: ProcessRecord;
  readonly exitStatus?: number;
  readonly termination?: ContainerTermination;
  /** One sentence for each part that is there and cannot be read, naming its file. */
  readonly problems: readonly string[];
}

/**
 * Every container with a runtime folder, parents before their children. Takes no lock and changes
 * nothing.
 */
export function readStoredContainers(paths: ContainerPaths, files: Files): Future<StoredContainer[]> {
  return listBelow(paths, files, undefined).then((ids) =>
    collect(ids.map((id) => readStored(paths, files, id))),
  );
}

/** Which of the container's processes are still the ones that were recorded. */
export function livingProcesses(host: Host, record: ProcessRecord | undefined): Future<ProcessIdentity[]> {
  const recorded = [record?.process, record?.monitor].filter((identity) => identity !== undefined);
  return collect(
    recorded.map((identity) =>
      host.identify(identity.pid).then((found) => (same(found, identity) ? [identity] : [])),
    ),
  ).then((living) => living.flat());
}

function same(found: ProcessIdentity | undefined, recorded: ProcessIdentity): boolean {
  return (
    found !== undefined && found.startTicks === recorded.startTicks && found.bootId === recorded.bootId
  );
}

function listBelow(
  paths: ContainerPaths,
  files: Files,
  parent: ContainerId | undefined,
): Future<ContainerId[]> {
  const directory = parent === undefined ? paths.containers : paths.children(parent);
  return files
    .list(directory)
    .repair((listed) => (isMissing(listed.failure()) ? Future.ready([]) : listed))
    .then((entries) => {
      // A dot separates the values of an id: a folder name that holds one is not ours.
      const names = entries.filter(
        ({ name, kind }) => kind === 'directory' && isContainerId(name) && !name.includes('.'),
      );
      const ids = names.map(({ name }) => (parent === undefined ? name : `${parent}.${name}`)).toSorted();
      return collect(ids.map((id) => listBelow(paths, files, id).then((below) => [id, ...below])));
    })
    .then((lists) => lists.flat());
}

function readStored(paths: ContainerPaths, files: Files, id: ContainerId): Future<StoredContainer> {
  const problems: string[] = [];

  function record<T>(path: string, format: RecordFormat<T>): Future<T | undefined> {
    return readText(files, path, problems).then((text) => {
      if (text === undefined) return undefined;
      const decoded = decodeRecord(format, text);
      if (decoded.ok) return decoded.value;
      problems.push(`${path} cannot be read: ${decoded.why}`);
      return undefined;
    });
  }

  return collect([
    record(paths.config(id), configFormat).then((config) => config && { config }),
    record(paths.launchInfo(id), launchInfoFormat).then((launchInfo) => launchInfo && { launchInfo }),
    record(paths.pid(id), processFormat).then((process) => process && { process }),
    record(paths.termination(id), terminationFormat).then((termination) => termination && { termination }),
    readText(files, paths.status(id), problems).then((text) => {
      const exitStatus = parseStatus(text ?? '');
      return exitStatus === undefined ? undefined : { exitStatus };
    }),
  ] as Future<Partial<StoredContainer> | undefined>[]).then((parts) =>
    Object.assign({ id, problems }, ...parts),
  );
}

function readText(files: Files, path: string, problems: string[]): Future<string | undefined> {
  return files
    .read(path, { maxBytes: 16 << 20 })
    .then((bytes): string | undefined => new TextDecoder().decode(bytes))
    .repair((read) => {
      const error = read.failure();
      if (!isMissing(error)) problems.push(`${path} cannot be read: ${error.message}`);
      return undefined;
    });
}

function isMissing(error: Error): boolean {
  return error instanceof FileError && (error.code === 'ENOENT' || error.code === 'ENOTDIR');
}
