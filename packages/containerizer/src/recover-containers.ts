import { awaitAll, collect, Future } from '@keelson/process';
import { parentOf } from '@keelson/provisioner';
import { Container } from './container.js';
import { parseStatus } from './container-records.js';
import type { ContainerTermination } from './container-termination.js';
import type { ContainerizerContext } from './containerizer-context.js';
import { messageOf } from './containerizer-error.js';
import type { LaunchedProcess, ProcessRecord } from './launcher.js';
import { finishRemovals } from './remove-container-files.js';
import type { StoredContainer } from './stored-container.js';
import { livingProcesses, readStoredContainers } from './stored-container.js';

/** What recovery does with what it finds. */
export interface ContainerTable {
  readonly add: (container: Container) => void;
  readonly watch: (container: Container) => void;
  readonly destroy: (container: Container) => Future<ContainerTermination>;
}

/**
 * Takes up the containers of an earlier life, any part of whose records may be missing:
 *
 * | found | becomes |
 * |---|---|
 * | `termination` | EXITED |
 * | a process that is still the recorded one | RUNNING and watched, even if its configuration cannot be read |
 * | `provisionOnly` and `launch_info` | PROVISIONED; its root filesystem is mounted again if a reboot took it |
 * | anything else | destroyed: EXITED if it ever ran, else nothing is left of it |
 *
 * The provisioner recovers before anything is destroyed, and before this answers (T3). A destroy that
 * fails does not fail the recovery: its container stays, says why, and protects what it stands on.
 */
export function recoverContainers(context: ContainerizerContext, table: ContainerTable): Future<void> {
  const { paths, files, host, provisioner, isolators, logger, turn } = context;
  return readStoredContainers(paths, files)
    .then((all) => all.filter(({ config }) => config?.config.type !== 'DOCKER'))
    .then((stored) =>
      finishRemovals(context, stored.map(({ id }) => id)).then(() => stored),
    )
    .then((stored) =>
      collect(
        stored.map((each) => livingProcesses(host, each.process).then((living) => ({ each, living }))),
      ),
    )
    .then(
      turn((found) => {
        const byId = new Map<string, Container>();
        for (const { each, living } of found) {
          each.problems.forEach((problem) => logger.warn(problem));
          const container = new Container(each, byId.get(parentOf(each.id) ?? ''), context.inspect);
          container.launcher = context.launchers.find(({ name }) => name === each.launchInfo?.launcher);
          adopt(context, container, living.length > 0);
          byId.set(each.id, container);
          table.add(container);
        }
        const containers = [...byId.values()];
        const kept = containers.filter(({ state }) => state !== 'EXITED').map(({ id }) => id);
        const running = containers.filter(({ state }) => state === 'RUNNING');
        return provisioner
          .recover(kept)
          .then(() => collect(isolators.map((isolator) => isolator.recover(kept))))
          .then(
            turn(() => {
              // Those that ended meanwhile too: how, an isolator may know, and what it did is undone with the rest.
              containers.forEach((each) => each.state !== 'EXITED' && each.isolators.push(...isolators));
              running.forEach(table.watch);
              return awaitAll([restoreProvisioned(context, containers), destroyLeftovers(context, table, containers)]);
            }),
          );
      }),
    )
    .then(() => undefined);
}

function adopt(context: ContainerizerContext, container: Container, alive: boolean): void {
  const { termination, process, config, launchInfo } = container.record;
  if (termination) {
    container.send('FOUND_ENDED');
    container.termination.set(termination);
  } else if (alive) {
    container.process = watched(context, container.record, process!);
    container.send('FOUND_RUNNING');
  } else if (config?.config.provisionOnly && launchInfo) {
    container.send('FOUND_PROVISIONED');
  }
}

/** It is not our child: when its monitor and itself are gone, the status file has all there is to know. */
function watched(
  { host, files, paths }: ContainerizerContext,
  { id }: StoredContainer,
  record: ProcessRecord,
): LaunchedProcess {
  const { process, monitor } = record;
  const exited = (monitor ? host.exited(monitor) : Future.ready(undefined)).then(
    () => process && host.exited(process),
  );
  const status = exited
    .then(() => files.read(paths.status(id), { maxBytes: 64 }))
    .then((bytes) => parseStatus(new TextDecoder().decode(bytes)))
    .repair(() => undefined);
  return { ...record, status };
}

/** One that cannot stand again says so. It stays, and protects its layers, until it is destroyed. */
function restoreProvisioned(
  { provisioner, logger, turn }: ContainerizerContext,
  containers: readonly Container[],
): Future<unknown> {
  const standing = containers.filter(({ state }) => state === 'PROVISIONED');
  const restored = standing.map((container) =>
    provisioner
      .restore(container.id)
      .then((had) => void (had && logger.info(`The root filesystem of '${container.id}' stands again`)))
      .repair(
        turn((failed: Future<void>) => {
          const message = `The root filesystem of '${container.id}' is lost: ${messageOf(failed.failure())}`;
          container.update((record) => void (record.failure = message));
          logger.warn(message);
        }),
      ),
  );
  return awaitAll(restored);
}

/** Children first: a destroyed parent destroys its children itself, each once. */
function destroyLeftovers(
  { logger }: ContainerizerContext,
  table: ContainerTable,
  containers: readonly Container[],
): Future<void> {
  const leftovers = containers.filter(({ state }) => state === 'STARTING').toReversed();
  const destroyed = leftovers.map((container) => {
    logger.info(`Container '${container.id}' ended while no agent watched`);
    return table.destroy(container).onFailed((error) => logger.warn(messageOf(error)));
  });
  return awaitAll(destroyed).then(() => undefined);
}
