import { defer, Future, Timer, undiscardable } from '@keelson/process';
import type { ContainerId, ImageName } from '@keelson/provisioner';
import { isContainerId, parentOf } from '@keelson/provisioner';
import type { PruneOptions, PruneReport } from '@keelson/store';
import { emptyPruneReport } from '@keelson/store';
import type { ContainerConfig } from './container-config.js';
import type { ContainerTermination } from './container-termination.js';
import type { LaunchOptions, LaunchResult } from './containerizer.js';
import { ContainerizerError, messageOf } from './containerizer-error.js';
import type { Ending } from './destroy-container.js';
import { DockerContainer } from './docker/docker-container.js';
import type { DockerContainerizerOptions, DockerContext } from './docker/docker-context.js';
import { DockerDestruction } from './docker/docker-destruction.js';
import { DockerEngine } from './docker/docker-engine.js';
import { DockerLaunch } from './docker/docker-launch.js';
import { makeAgentId, readAgentId, writeAgentId } from './docker/docker-records.js';
import { recoverDockerContainers } from './docker/docker-recovery.js';
import { EngineNames } from './docker/engine-names.js';
import { pruneEngine } from './docker/engine-prune.js';
import { EngineWatch } from './docker/engine-watch.js';
import { HoldingContainerizer } from './holding-containerizer.js';
import { silentLogger } from './logger.js';

/**
 * Runs containers through a Docker engine, whose images and processes they are. What they were asked to be, their
 * output and their end are kept by us, as for every other container: `ps`, `logs` and `wait` need no engine.
 *
 * A container takes its place in the engine under this agent's id and outlives the agent. When it has ended, its log
 * and exit status are copied and it is removed from the engine. The engine may go away and come back at any time:
 * what runs is asked for again until it answers. Mirrors Mesos `slave/containerizer/docker.cpp`.
 */
export class DockerContainerizer extends HoldingContainerizer<DockerContainerizer, DockerContainer> {
  /** How long its engine took to pull images. */
  readonly imagePull: Timer;

  protected override readonly context: DockerContext;
  #names: EngineNames | undefined;
  /** The agent's id is on disk; before that nothing of ours may be in the engine. */
  #named: Future<void> | undefined;
  #recovering: Future<void> | undefined;

  constructor(options: DockerContainerizerOptions) {
    super('containerizer-docker');
    const { http, socket = '/var/run/docker.sock', timeoutMs, clock } = options;
    this.imagePull = new Timer('containerizer/docker/image_pull', { windowMs: 3_600_000, clock });
    const engines = new Map<string, DockerEngine>();
    const engineAt = (path: string): DockerEngine => {
      const engine = engines.get(path) ?? new DockerEngine({ http, socket: path, ...(timeoutMs && { timeoutMs }) });
      engines.set(path, engine);
      return engine;
    };
    this.context = {
      ...options,
      engine: engineAt(socket),
      engineAt,
      logger: options.logger ?? silentLogger,
      stopTimeoutMs: options.stopTimeoutMs ?? 30_000,
      recoverTimeoutMs: options.recoverTimeoutMs ?? 2_000,
      retryMs: options.retryMs ?? 1_000,
      turn: <A extends unknown[], R>(f: (...args: A) => R) => defer<A, [], R>(this, f),
    };
  }

  override recover(): Future<void> {
    const { paths, files, random } = this.context;
    this.#recovering ??= readAgentId(paths, files)
      .then(
        defer(this, (known: string | undefined) => {
          if (known !== undefined) this.#named = Future.ready(undefined);
          this.#names = new EngineNames(known ?? makeAgentId(random));
          return recoverDockerContainers(this.context, this.#names, {
            add: (container) => void this.known.set(container.id, container),
            watch: (container) => this.#resume(container),
            destroy: (container) => this.end(container, {}),
          });
        }),
      )
      .then(defer(this, () => void (this.recovered = true)));
    return undiscardable(this.#recovering);
  }

  /**
   * Takes containers of type DOCKER, and those of no type that an engine can run. An engine has its own images and
   * root filesystems; so it cannot run a folder, provision alone, nest, or mount other images.
   */
  override launch(id: ContainerId, config: ContainerConfig, options: LaunchOptions = {}): Future<LaunchResult> {
    const names = this.#requireNames(`launch container '${id}'`);
    if (this.known.has(id)) return Future.ready('ALREADY_LAUNCHED');
    const why = this.#whyNot(id, config);
    if (why !== undefined) {
      if (config.type !== 'DOCKER') return Future.ready('NOT_SUPPORTED');
      throw new ContainerizerError('CONTAINER_INVALID', `An engine cannot launch container '${id}': ${why}`);
    }
    const { logger, host } = this.context;
    const createdAt = new Date(host.wallClockMs()).toISOString();
    // Settled now: at the next start the record alone says whose it is.
    const record = { id, config: { config: { ...config, type: 'DOCKER' as const }, createdAt }, problems: [] };
    const container = new DockerContainer(record, this.context.engine);
    this.known.set(id, container);
    logger.info(`Launching container '${id}' in the engine`);
    const launching = new DockerLaunch(this.context, container, {
      names,
      named: this.#name(names),
      pullTimer: this.imagePull,
      access: options.access,
    })
      .run()
      .then(
        defer(this, (): LaunchResult => {
          this.#watch(container);
          return 'SUCCESS';
        }),
      )
      .recover(defer(this, (failed: Future<LaunchResult>) => this.launchFailed(container, failed)));
    return undiscardable(launching);
  }

  /** A container on its way to its first process is destroyed instead. */
  override kill(id: ContainerId, signal: string): Future<boolean> {
    const container = this.known.get(id);
    if (!container) return Future.ready(false);
    switch (container.state) {
      case 'DESTROYING':
      case 'EXITED':
      case 'REMOVED':
        return Future.ready(false);
      case 'RUNNING':
        return container.engine.kill(container.engineId!, signal);
      default:
        this.end(container, { reason: 'DESTROYED', message: `it got ${signal} before it ran` });
        return Future.ready(true);
    }
  }

  /**
   * Nothing, unless it was set up to: an engine's images are its own. A plan names none of them, so a prune that
   * carries out a plan leaves them alone too; and so does one that takes the least recently used only as far as
   * needed, because the engine's own prune takes all or nothing.
   */
  override pruneImages(excluded: readonly ImageName[], options?: PruneOptions): Future<PruneReport> {
    const names = this.#requireNames('prune images');
    const whole = options?.planHash === undefined && options?.reclaim === undefined;
    if (this.context.prune && whole) {
      return undiscardable(this.#name(names).then(() => pruneEngine(this.context, names, excluded)));
    }
    this.context.logger.info('The docker containerizer prunes nothing: its images belong to the docker engine');
    return Future.ready(emptyPruneReport());
  }

  #whyNot(id: ContainerId, config: ContainerConfig): string | undefined {
    const { launches = true } = this.context;
    if (!launches) return 'this agent was started without the docker containerizer';
    if (!isContainerId(id)) return 'that is no id of a container';
    if (config.type === 'MESOS') return 'it is for the native containerizer';
    if (parentOf(id) !== undefined) return 'an engine nests no containers';
    if (!config.image || config.rootfs !== undefined) return 'it is not made of an image';
    if (config.provisionOnly) return 'the root filesystems of an engine are its own';
    if (config.launcher || config.backend) return 'launcher and backend are those of the engine';
    if (config.volumes.some(({ image }) => image)) return 'an engine mounts no images';
    if (config.stdio === 'inherit') return 'what it writes goes to its sandbox';
    const { memoryBytes = 1, cpus = 1, processes = 1 } = config;
    return memoryBytes > 0 && cpus > 0 && processes > 0 ? undefined : 'its limits are not positive';
  }

  #name({ agentId }: EngineNames): Future<void> {
    const { paths, files } = this.context;
    this.#named ??= writeAgentId(paths, files, agentId).repair(
      defer(this, (failed: Future<void>) => {
        this.#named = undefined;
        return failed;
      }),
    );
    return undiscardable(this.#named);
  }

  /** It ran when we last heard of it. */
  #resume(container: DockerContainer): void {
    const watch = new EngineWatch({ ...this.context, engine: container.engine }, container.id, container.engineId!);
    container.watch = watch;
    const record = container.record.process ?? { pid: 0 };
    container.process = { ...record, status: watch.ended.then(({ exitStatus }) => exitStatus) };
    watch.start();
    this.#watch(container);
  }

  #watch(container: DockerContainer): void {
    const ended = defer(this, () => {
      if (container.state === 'RUNNING' && !this.quiescing) this.end(container, {});
    });
    container.watch?.ended.onReady(() => void ended());
  }

  /** One at a time; what failed before is tried again. */
  protected override end(container: DockerContainer, ending: Ending): Future<ContainerTermination> {
    if (container.record.termination) return Future.ready(container.record.termination);
    container.destroying ??= new DockerDestruction(this.context, container, this.#names!, ending)
      .run()
      .then(
        defer(this, (termination: ContainerTermination) => {
          this.context.logger.info(`Container '${container.id}' is ${container.state}`);
          if (container.state === 'REMOVED') this.forget(container);
          container.termination.set(termination);
          return termination;
        }),
      )
      .repair(
        defer(this, (failed: Future<ContainerTermination>) => {
          const message = messageOf(failed.failure());
          this.context.logger.error(message);
          container.destroying = undefined;
          container.update((record) => void (record.failure = message));
          container.send('DESTROY_FAILED');
          return failed;
        }),
      );
    return container.destroying;
  }

  #requireNames(attempt: string): EngineNames {
    this.requireRecovered(attempt);
    return this.#names!;
  }
}
