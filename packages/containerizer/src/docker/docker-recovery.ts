import type { Future } from '@keelson/process';
import { awaitAll, collect } from '@keelson/process';
import { messageOf } from '../containerizer-error.js';
import type { StoredContainer } from '../stored-container.js';
import { readStoredContainers } from '../stored-container.js';
import { DockerContainer } from './docker-container.js';
import type { DockerContext } from './docker-context.js';
import type { DockerEngine } from './docker-engine.js';
import { readEngineRecord } from './docker-records.js';
import type { EngineContainer } from './engine-answer.js';
import type { EngineNames } from './engine-names.js';

/** Where recovered containers go, and who ends those that do not run any more. */
export interface DockerTable {
  add(container: DockerContainer): void;
  watch(container: DockerContainer): void;
  destroy(container: DockerContainer): Future<unknown>;
}

interface Found {
  readonly stored: StoredContainer;
  readonly engine: DockerEngine;
  readonly engineId: string | undefined;
  /** `undefined`: the engine has no such container. */
  readonly seen: EngineContainer | undefined | 'unreachable';
}

/**
 * Takes up the containers of an earlier life from their records and from what their engine says now.
 *
 * | on record | the engine says | becomes |
 * |---|---|---|
 * | `termination` | anything | EXITED |
 * | anything else | it runs | RUNNING and watched, its log copied on from where it was |
 * | it ran | nothing: it cannot be reached | RUNNING; what became of it is told once the engine answers |
 * | anything else | it is over, or there is no such container | destroyed: EXITED if it ever ran, else gone |
 *
 * An engine that is away does not keep the agent from starting. Containers that carry this agent's id and are on no
 * record are removed from the engine: what made them was never acknowledged.
 */
export function recoverDockerContainers(
  context: DockerContext,
  names: EngineNames,
  table: DockerTable,
): Future<void> {
  const { paths, files, engine, launches = true, turn } = context;
  const reachable = new Map<DockerEngine, Future<boolean>>();
  const canReach = (one: DockerEngine): Future<boolean> => {
    const asked = reachable.get(one) ?? ping(context, one);
    reachable.set(one, asked);
    return asked;
  };
  return readStoredContainers(paths, files)
    .then((all) => all.filter(isDockers))
    .then((stored) => {
      if (stored.length === 0 && !launches) return;
      return collect(stored.map((each) => find(context, names, each, canReach)))
        .then(turn((found) => adoptAll(table, found)))
        .then(() => launches || reachable.has(engine))
        .then((concerned) => concerned && canReach(engine))
        .then((there) => (there ? removeStrays(context, names, stored) : undefined));
    });
}

function ping({ recoverTimeoutMs, logger }: DockerContext, engine: DockerEngine): Future<boolean> {
  return engine
    .ping(recoverTimeoutMs)
    .then(() => true)
    .repair((failed) => {
      logger.warn(messageOf(failed.failure()));
      return false;
    });
}

/** Whose container it is by its records; those of the native containerizer are none of ours. */
function isDockers({ config }: StoredContainer): boolean {
  return config?.config.type === 'DOCKER';
}

function find(
  context: DockerContext,
  names: EngineNames,
  stored: StoredContainer,
  canReach: (engine: DockerEngine) => Future<boolean>,
): Future<Found> {
  const { paths, files, logger } = context;
  stored.problems.forEach((problem) => logger.warn(problem));
  return readEngineRecord(paths, files, stored.id).then((record): Found | Future<Found> => {
    const engine = record ? context.engineAt(record.socket) : context.engine;
    const found = { stored, engine, engineId: record?.engineId };
    if (stored.termination) return { ...found, seen: undefined };
    return canReach(engine).then((there): Found | Future<Found> => {
      if (!there) return { ...found, seen: 'unreachable' };
      return engine
        .container(record?.engineId ?? names.nameOf(stored.id))
        .then((seen): Found => {
          if (!seen || !names.isOurs(seen)) return { ...found, seen: undefined };
          return { ...found, engineId: seen.id, seen };
        })
        .repair((failed) => {
          logger.warn(messageOf(failed.failure()));
          return { ...found, seen: 'unreachable' };
        });
    });
  });
}

function adoptAll(table: DockerTable, found: readonly Found[]): Future<void> {
  const destroyed = found.flatMap(({ stored, engine, engineId, seen }) => {
    const container = new DockerContainer(stored, engine);
    container.engineId = engineId;
    container.offered = true;
    table.add(container);
    if (stored.termination) {
      container.send('FOUND_ENDED');
      container.termination.set(stored.termination);
      return [];
    }
    const runs = seen === 'unreachable' ? container.ran : seen?.running === true;
    if (engineId === undefined || !runs) return [table.destroy(container).recover(() => undefined)];
    container.send('FOUND_RUNNING');
    table.watch(container);
    return [];
  });
  return awaitAll(destroyed).then(() => undefined);
}

function removeStrays(
  { engine, logger }: DockerContext,
  names: EngineNames,
  stored: readonly StoredContainer[],
): Future<void> {
  const known = new Set(stored.filter(({ termination }) => !termination).map(({ id }) => names.nameOf(id)));
  return engine
    .list(names.label)
    .then((listed) => listed.filter(({ name }) => !known.has(name)))
    .then((strays) =>
      collect(
        strays.map(({ id, name }) => {
          logger.warn(`Container ${name} of this agent is on no record: removed from the engine`);
          return engine.remove(id);
        }),
      ),
    )
    .then((): void => undefined)
    .repair((failed) => logger.warn(messageOf(failed.failure())));
}
