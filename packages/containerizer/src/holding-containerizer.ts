import { awaitAll, defer, Future, undiscardable } from '@keelson/process';
import type { ContainerId } from '@keelson/provisioner';
import type { Container } from './container.js';
import type { ContainerInfo } from './container-info.js';
import type { ContainerTermination } from './container-termination.js';
import type { LaunchResult } from './containerizer.js';
import { Containerizer } from './containerizer.js';
import type { ContainerizerContext } from './containerizer-context.js';
import { ContainerizerError, messageOf } from './containerizer-error.js';
import type { Ending } from './destroy-container.js';
import type { LaunchedProcess } from './launcher.js';
import { removeContainerFiles } from './remove-container-files.js';

/**
 * A containerizer that holds the containers it knows in memory, as they are on its disk: what it answers of them is
 * the same whoever runs them.
 */
export abstract class HoldingContainerizer<Self, C extends Container> extends Containerizer<Self> {
  protected readonly known = new Map<ContainerId, C>();
  protected recovered = false;
  protected quiescing = false;

  protected abstract readonly context: Pick<ContainerizerContext, 'paths' | 'files' | 'executor' | 'logger' | 'turn'>;

  /** One at a time; what failed before is tried again. */
  protected abstract end(container: C, ending: Ending): Future<ContainerTermination>;

  override wait(id: ContainerId): Future<ContainerTermination | undefined> {
    const container = this.known.get(id);
    return container ? undiscardable(container.termination.future) : Future.ready(undefined);
  }

  override destroy(id: ContainerId): Future<ContainerTermination | undefined> {
    this.requireRecovered(`destroy container '${id}'`);
    const container = this.known.get(id);
    return container ? undiscardable(this.end(container, { reason: 'DESTROYED' })) : Future.ready(undefined);
  }

  override containers(): Future<readonly ContainerInfo[]> {
    return Future.ready([...this.known.values()].map((container) => container.info()));
  }

  override status(id: ContainerId): Future<ContainerInfo> {
    const container = this.known.get(id);
    if (!container) throw new ContainerizerError('NO_SUCH_CONTAINER', `There is no container '${id}'`);
    return Future.ready(container.info());
  }

  override processOf(id: ContainerId): Future<LaunchedProcess | undefined> {
    return Future.ready(this.known.get(id)?.process);
  }

  override remove(id: ContainerId): Future<void> {
    this.requireRecovered(`remove container '${id}'`);
    const container = this.known.get(id);
    if (!container) return Future.ready(undefined);
    const unended = container.withNested().find(({ state }) => state !== 'EXITED');
    if (unended) {
      const message = `Container '${unended.id}' is ${unended.state}: it has to be destroyed first`;
      throw new ContainerizerError('CONTAINER_RUNNING', message);
    }
    container.removing ??= removeContainerFiles(this.context, id)
      .then(
        defer(this, () =>
          container.withNested().forEach((each) => {
            each.send('REMOVE');
            this.forget(each);
          }),
        ),
      )
      .repair(
        defer(this, (failed: Future<void>) => {
          container.removing = undefined;
          return failed;
        }),
      );
    return undiscardable(container.removing);
  }

  override quiesce(): Future<void> {
    this.quiescing = true;
    const underWay = [...this.known.values()].flatMap(({ destroying }) => destroying ?? []);
    return awaitAll(underWay).then((): void => undefined);
  }

  protected forget(container: Container): void {
    this.known.delete(container.id);
    container.parent?.children.delete(container);
  }

  /** Whoever launched it gets the reason once nothing is left of it. */
  protected launchFailed(container: C, failed: Future<LaunchResult>): Future<LaunchResult> {
    const error = failed.isFailed() ? failed.failure() : undefined;
    const { id } = container;
    if (container.destroying) {
      const message = `Container '${id}' was destroyed while it was launched`;
      throw new ContainerizerError('CONTAINER_DESTROYED', message, { cause: error });
    }
    const reason =
      error ?? new ContainerizerError('LAUNCH_FAILED', `The launch of container '${id}' was given up`);
    this.context.logger.info(`Container '${id}' cannot be launched: ${messageOf(reason)}`);
    return this.end(container, { reason: 'LAUNCH_FAILED', message: messageOf(reason) })
      .recover(() => ({}))
      .then(() => {
        throw reason;
      });
  }

  protected requireRecovered(attempt: string): void {
    if (this.recovered) return;
    const message = `Cannot ${attempt}: the containers of the last run are still being recovered`;
    throw new ContainerizerError('RECOVERING', message);
  }
}
