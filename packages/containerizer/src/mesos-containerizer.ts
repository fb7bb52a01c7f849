import { after, Counter, defer, Future, undiscardable } from '@keelson/process';
import type { ContainerId, ImageName, ImageUser } from '@keelson/provisioner';
import { isContainerId, parentOf, retryPauseMs } from '@keelson/provisioner';
import type { PruneOptions, PruneReport } from '@keelson/store';
import { Container } from './container.js';
import type { ContainerConfig } from './container-config.js';
import { imagesOf } from './container-config.js';
import type { ContainerTermination } from './container-termination.js';
import type { LaunchOptions, LaunchResult } from './containerizer.js';
import type { ContainerizerContext, MesosContainerizerOptions } from './containerizer-context.js';
import { ContainerizerError, messageOf } from './containerizer-error.js';
import type { Ending } from './destroy-container.js';
import { ContainerDestruction } from './destroy-container.js';
import { HoldingContainerizer } from './holding-containerizer.js';
import { ContainerLaunch } from './launch-container.js';
import { silentLogger } from './logger.js';
import { recoverContainers } from './recover-containers.js';

/**
 * Runs containers natively: provisions their root filesystem, launches them through a launcher, watches
 * them, and releases what they stood on when they end. The one owner of `runtime/` and `sandboxes/`.
 *
 * A container that ended protects nothing any more; its configuration, status and logs stay until
 * `remove`. One that could not be taken down stays known, says why, and protects what is left, until a
 * later destroy succeeds: it is tried again after 1 s, 2 s, 4 s, … and at the latest a minute (T32).
 * Nothing here ends a container because the agent ends. Mirrors Mesos `containerizer/mesos/containerizer.cpp`
 * (`MesosContainerizerProcess`).
 */
export class MesosContainerizer extends HoldingContainerizer<MesosContainerizer, Container> {
  /** Destroys that failed, each attempt of them. */
  readonly destroyErrors = new Counter('containerizer/mesos/container_destroy_errors');

  protected override readonly context: ContainerizerContext;
  #recovering: Future<void> | undefined;

  constructor(options: MesosContainerizerOptions) {
    super('containerizer-mesos');
    this.context = {
      ...options,
      isolators: options.isolators ?? [],
      logger: options.logger ?? silentLogger,
      turn: <A extends unknown[], R>(f: (...args: A) => R) => defer<A, [], R>(this, f),
    };
  }

  override recover(): Future<void> {
    this.#recovering ??= recoverContainers(this.context, {
      add: (container) => this.#add(container),
      watch: (container) => this.#watch(container),
      destroy: (container) => this.end(container, {}),
    }).then(
      defer(this, () => {
        this.recovered = true;
        this.context.logger.info(`Recovered ${this.known.size} containers`);
      }),
    );
    return undiscardable(this.#recovering);
  }

  override launch(
    id: ContainerId,
    config: ContainerConfig,
    options: LaunchOptions = {},
  ): Future<LaunchResult> {
    this.requireRecovered(`launch container '${id}'`);
    if (this.known.has(id)) return Future.ready('ALREADY_LAUNCHED');
    if (config.type === 'DOCKER') return Future.ready('NOT_SUPPORTED');
    const parent = this.#parentFor(id);
    requireValid(id, config, parent);

    // In memory at once: from here on a prune sees its images.
    const createdAt = new Date(this.context.host.wallClockMs()).toISOString();
    const asked = parent?.record.config?.config.user;
    const inherited =
      config.user === undefined && asked !== undefined ? { ...config, user: asked } : config;
    const record = { id, config: { config: inherited, createdAt }, problems: [] };
    const container = new Container(record, parent, this.context.inspect);
    this.#add(container);
    this.context.logger.info(`Launching container '${id}'`);

    const launching = new ContainerLaunch(this.context, container, options)
      .run()
      .then(defer(this, () => this.#launched(container)))
      .recover(defer(this, (failed: Future<LaunchResult>) => this.launchFailed(container, failed)));
    return undiscardable(launching);
  }

  /** A container on its way to its first process is destroyed instead, as Mesos does. */
  override kill(id: ContainerId, signal: string): Future<boolean> {
    const container = this.known.get(id);
    if (!container) return Future.ready(false);
    switch (container.state) {
      case 'PROVISIONED':
      case 'DESTROYING':
      case 'EXITED':
      case 'REMOVED':
        return Future.ready(false);
      case 'RUNNING': {
        const { process } = container.record.process ?? {};
        return process ? this.context.host.signal(process, signal) : Future.ready(false);
      }
      default:
        this.end(container, { reason: 'DESTROYED', message: `it got ${signal} before it ran` });
        return Future.ready(true);
    }
  }

  override pruneImages(excluded: readonly ImageName[], options?: PruneOptions): Future<PruneReport> {
    this.requireRecovered('prune images');
    const users: ImageUser[] = [];
    for (const { id, state, record } of this.known.values()) {
      if (state === 'EXITED' || state === 'REMOVED') continue;
      if (!record.config) {
        const why = record.problems[0] ?? 'it is missing';
        const message = `Cannot prune images: the configuration of container '${id}' is not known: ${why}`;
        throw new ContainerizerError('CONTAINER_CONFIG_UNKNOWN', message);
      }
      users.push({ container: id, images: imagesOf(record.config.config) });
    }
    return undiscardable(this.context.provisioner.pruneImages(excluded, { ...options, users }));
  }

  #launched(container: Container): LaunchResult {
    if (container.state === 'RUNNING') this.#watch(container);
    this.context.logger.info(`Container '${container.id}' is ${container.state}`);
    return 'SUCCESS';
  }

  #watch(container: Container): void {
    const ended = defer(this, (ending: Ending) => this.#destroyUnlessOver(container, ending));
    container.process?.status.onAny(() => void ended({}));
    for (const isolator of this.context.isolators) {
      isolator.watch(container.id).onReady(({ message }) => void ended({ reason: 'LIMITATION', message }));
    }
  }

  #destroyUnlessOver(container: Container, ending: Ending): void {
    if (container.state === 'RUNNING' && !this.quiescing) this.end(container, ending);
  }

  /** One at a time; what failed before is tried again. */
  protected override end(container: Container, ending: Ending): Future<ContainerTermination> {
    if (container.record.termination) return Future.ready(container.record.termination);
    // What made it end the first time is why it ended, however often it has to be tried.
    container.ending ??= ending;
    container.destroying ??= new ContainerDestruction(this.context, container, container.ending, (child) =>
      this.end(child, { reason: 'DESTROYED', message: `its parent '${container.id}' ended` }),
    )
      .run()
      .then(defer(this, (termination: ContainerTermination) => this.#destroyed(container, termination)))
      .repair(
        defer(this, (failed: Future<ContainerTermination>) => this.#destroyFailed(container, failed)),
      );
    return container.destroying;
  }

  #destroyed(container: Container, termination: ContainerTermination): ContainerTermination {
    this.context.logger.info(`Container '${container.id}' is ${container.state}`);
    if (container.state === 'REMOVED') this.forget(container);
    container.termination.set(termination);
    return termination;
  }

  #destroyFailed(container: Container, failed: Future<ContainerTermination>): Future<ContainerTermination> {
    const message = messageOf(failed.failure());
    this.destroyErrors.increment();
    this.context.logger.error(message);
    container.destroying = undefined;
    container.update((record) => void (record.failure = message));
    container.send('DESTROY_FAILED');
    this.#retryLater(container);
    return failed;
  }

  /** Without waiting for somebody to ask: what a failed destroy leaves, it protects from every prune (T32). */
  #retryLater(container: Container): void {
    const waitMs = retryPauseMs(container.failedDestroys);
    container.failedDestroys += 1;
    after(waitMs).then(
      defer(this, (): void => {
        const left = this.known.get(container.id) === container && container.record.failure !== undefined;
        if (left && !container.destroying && !this.quiescing) this.end(container, {});
      }),
    );
  }

  #add(container: Container): void {
    this.known.set(container.id, container);
  }

  #parentFor(id: ContainerId): Container | undefined {
    const parentId = isContainerId(id) ? parentOf(id) : undefined;
    if (parentId === undefined) return undefined;
    const parent = this.known.get(parentId);
    if (parent?.state === 'RUNNING' || parent?.state === 'PROVISIONED') return parent;
    const why = parent ? `is ${parent.state}` : 'does not exist';
    throw new ContainerizerError(
      'PARENT_UNUSABLE',
      `Cannot launch '${id}': its parent container '${parentId}' ${why}`,
    );
  }
}

function requireValid(id: ContainerId, config: ContainerConfig, parent: Container | undefined): void {
  const refuse = (why: string) =>
    new ContainerizerError('CONTAINER_INVALID', `Cannot launch container '${id}': ${why}`);
  if (!isContainerId(id)) throw refuse('that is no id of a container');
  if (config.image && config.rootfs !== undefined) throw refuse('it has both an image and a root folder');
  if (!config.image && config.rootfs === undefined && !parent?.record.launchInfo)
    throw refuse('it has no image');
  if (config.provisionOnly && !config.image) throw refuse('only an image can be provisioned');
  if (config.rootfs !== undefined && !/^\/./.test(config.rootfs))
    throw refuse('its root folder is no absolute path');
  const { memoryBytes = 1, cpus = 1, processes = 1 } = config;
  if (!(memoryBytes > 0 && cpus > 0 && processes > 0)) throw refuse('its limits are not positive');
}
