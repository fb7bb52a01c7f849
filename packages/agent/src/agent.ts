import type { ContainerInfo, ContainerTermination } from '@keelson/containerizer';
import type { MetricsSnapshot } from '@keelson/process';
import { Deferred, Future, RealClock, Runtime } from '@keelson/process';
import type { ContainerId } from '@keelson/provisioner';
import type { Explanation, PrunePlan, PruneReport, PullResult, StoreUsage } from '@keelson/store';
import type { Observable } from 'rxjs';
import type { AgentErrorCode } from './agent-error.js';
import { AgentError } from './agent-error.js';
import type { AgentEvent } from './agent-event.js';
import type { AgentOptions, AgentSettings } from './agent-options.js';
import { settingsOf } from './agent-options.js';
import type { AgentState } from './agent-state.js';
import type { AttachedContainer } from './attached-container.js';
import { attachTo } from './attached-container.js';
import type { CheckReport } from './consistency.js';
import type { CreateOptions } from './create-container.js';
import { createContainer } from './create-container.js';
import { EventLog } from './event-log.js';
import type { ImageListing } from './image-listing.js';
import { setPinned, untag } from './image-tags.js';
import type { LaunchOptions, ProvisionRequest } from './launch-options.js';
import type { ProvisionedRoot } from './provisioned-root.js';
import { pruneMachine } from './prune-machine.js';
import type { PruneOptions } from './prune-options.js';
import type { PullOptions } from './pull-options.js';
import type { PlanOptions, ReadOnlyView } from './read-only-view.js';
import { readOnlyView } from './read-only-view.js';
import type { Machine } from './machine.js';
import { openMachine } from './machine.js';

/**
 * A container agent: pulls images, runs containers from them, and removes what nobody uses.
 *
 * This is a door, not an actor: behind it a runtime of its own holds the store, the provisioner and the
 * containerizers, and every request answers a Future at once. One agent owns a root at a time; containers
 * outlive it.
 *
 * @example
 * const agent = Agent.create({ root: '/var/lib/keelson' });
 * await agent.start();
 * const container = await agent.launch({ image: 'alpine:3.20', argv: ['echo', 'hello'], stdio: 'inherit' });
 * const { exitStatus } = await agent.wait(container.id);
 * await agent.close();
 */
export class Agent {
  readonly #settings: AgentSettings;
  readonly #clock = new RealClock();
  readonly #runtime: Runtime;
  readonly #view: ReadOnlyView;
  readonly #events: EventLog;
  #starting: Future<void> | undefined;
  #closing: Future<void> | undefined;
  #machine: Machine | undefined;
  #stopped: Error | undefined;
  readonly #failure = new Deferred<Error>();

  private constructor(settings: AgentSettings) {
    this.#settings = settings;
    this.#runtime = new Runtime({ clock: this.#clock });
    this.#view = readOnlyView(settings.root);
    this.#events = new EventLog();
  }

  /**
   * An agent that has touched nothing yet.
   *
   * @throws AgentError CONFIG_INVALID  naming the field, its unit and its bounds
   */
  static create(options: AgentOptions): Agent {
    return new Agent(settingsOf(options));
  }

  /** What happens from now on; completes when the agent is closed. */
  get events(): Observable<AgentEvent> {
    return this.#events.events;
  }

  get state(): AgentState {
    if (this.#closing) return 'CLOSED';
    if (this.#stopped) return 'STOPPED';
    if (this.#machine) return 'RUNNING';
    return this.#starting ? 'RECOVERING' : 'NEW';
  }

  /** The reason, once a component has failed in a way that must not go on: close it, and start another. */
  get failure(): Future<Error> {
    return this.#failure.future;
  }

  /**
   * Takes the store, and up again what an earlier agent left: its containers, then the layers they stand on,
   * then the store. Nothing else is served before. Asked twice it is done once.
   *
   * @throws AgentError ROOT_UNUSABLE  naming the directory that cannot be made
   * @throws AgentError STORE_LOCKED   naming the process that owns the store
   */
  start(): Future<void> {
    if (this.#closing) return refused('AGENT_CLOSED', 'cannot start: this agent is closed');
    const onStopped = (reason: Error): void => this.#stop(reason);
    this.#starting ??= openMachine(this.#settings, this.#runtime, this.#clock, onStopped).then((machine) => {
      this.#machine = machine;
      this.#events.tell({ type: 'STARTED', root: machine.root });
    });
    return this.#starting.undiscardable();
  }

  /**
   * Fetches an image and unpacks its layers. Discarding the answer gives up this caller's interest alone.
   *
   * @param reference  as users write it: `alpine:3.20`, `localhost:5000/app@sha256:…`, `oci:DIR:TAG`
   * @throws StoreError, ImageError
   */
  pull(reference: string, options: PullOptions = {}): Future<PullResult> {
    const { force = false, platform = this.#settings.platform, ...rest } = options;
    return this.#served(({ store }) =>
      store.pull(reference, { ...rest, cached: !force, ...(platform && { platform }) }).then((pulled) => {
        const { digest, bytesDownloaded } = pulled;
        this.#events.tell({ type: 'IMAGE_PULLED', reference: pulled.reference, digest, bytesDownloaded });
        return { ...pulled, elapsedMs: Math.round(pulled.elapsedMs) };
      }),
    );
  }

  /** Every image that is here. */
  images(): Future<readonly ImageListing[]> {
    return this.#view.images();
  }

  /** Protects images from every prune; answers them as listed then. @throws AgentError NO_SUCH_OBJECT */
  pin(names: readonly string[]): Future<readonly ImageListing[]> {
    return this.#served(({ metadata }) => setPinned({ view: this.#view, metadata }, names, true));
  }

  /** Takes that protection away. @throws AgentError NO_SUCH_OBJECT */
  unpin(names: readonly string[]): Future<readonly ImageListing[]> {
    return this.#served(({ metadata }) => setPinned({ view: this.#view, metadata }, names, false));
  }

  /** Forgets names; what they meant goes with the next prune. @throws AgentError NO_SUCH_OBJECT */
  untag(names: readonly string[]): Future<readonly ImageListing[]> {
    return this.#served(({ metadata }) => untag({ view: this.#view, metadata }, names));
  }

  /**
   * Starts a container, pulling its image if needed; answers once it runs.
   *
   * @throws ContainerizerError NO_LAUNCHER, COMMAND_NOT_FOUND, CONTAINER_INVALID, …
   * @throws AgentError CONTAINER_EXISTS  the name is taken, perhaps by one that has ended
   */
  launch(options: LaunchOptions): Future<ContainerInfo> {
    const id = options.id ?? this.#runtime.random.id('c');
    return this.#create(id, options).then((info) => {
      this.#events.tell({ type: 'CONTAINER_LAUNCHED', id, image: info.image ?? null });
      this.#tellEndOf(id);
      return info;
    });
  }

  /** Makes a root filesystem in which nothing runs. Its layers are protected until `destroy`. */
  provision(request: ProvisionRequest): Future<ProvisionedRoot> {
    const id = request.id ?? this.#runtime.random.id('r');
    return this.#create(id, { ...request, provisionOnly: true }).then((info) => {
      const { rootfs = '', backend = '', layers = [] } = info;
      this.#events.tell({ type: 'CONTAINER_PROVISIONED', id, image: request.image });
      return { containerId: id, rootfs, backend, layers };
    });
  }

  /**
   * Answers how a container ended, once it has and its root filesystem is released.
   *
   * @throws NO_SUCH_CONTAINER
   */
  wait(id: ContainerId): Future<ContainerTermination> {
    return this.#served(({ containerizer }) =>
      containerizer.wait(id).then((termination) => requireKnown(id, termination)),
    );
  }

  /** The process of a running container, with which its end can be awaited after this agent is closed. */
  attach(id: ContainerId): Future<AttachedContainer> {
    return this.#served(({ containerizer, host }) => attachTo(id, containerizer, host));
  }

  /**
   * Signals a container's first process, `SIGKILL` unless told otherwise; false when there is no such
   * process.
   */
  kill(id: ContainerId, signal = 'SIGKILL'): Future<boolean> {
    return this.#served(({ containerizer }) => containerizer.kill(id, signal));
  }

  /**
   * Ends a container, however it was made, and removes all of it: root filesystem, configuration, status and
   * logs.
   *
   * @throws ContainerizerError NO_SUCH_CONTAINER, DESTROY_FAILED
   */
  destroy(id: ContainerId): Future<ContainerTermination> {
    return this.#served(({ containerizer }) =>
      containerizer.destroy(id).then((termination) => {
        const known = requireKnown(id, termination);
        return containerizer.remove(id).then(() => {
          this.#events.tell({ type: 'CONTAINER_REMOVED', id });
          return known;
        });
      }),
    );
  }

  /**
   * Forgets a container that has ended, with its configuration, status and logs.
   *
   * @throws AgentError NO_SUCH_CONTAINER
   * @throws ContainerizerError CONTAINER_RUNNING  it has to be destroyed first
   */
  remove(id: ContainerId): Future<void> {
    return this.#served(({ containerizer }) =>
      containerizer.containers().then((known) => {
        requireKnown(id, known.find((container) => container.id === id));
        return containerizer.remove(id).then(() => this.#events.tell({ type: 'CONTAINER_REMOVED', id }));
      }),
    );
  }

  /** Every container, ended ones included until they are destroyed. */
  containers(): Future<readonly ContainerInfo[]> {
    return this.#served(({ containerizer }) => containerizer.containers());
  }

  /** What `pruneImages` would do now, and why the rest stays. Changes nothing. */
  plan(options: PlanOptions = {}): Future<PrunePlan> {
    return this.#view.plan(options);
  }

  /**
   * Removes every image that no container uses and no exclusion names, and every layer that nothing needs
   * then. Answers when they are marked; the sweep follows, and `close` waits for it.
   *
   * @throws ContainerizerError PRUNE_PARTIAL     with the report of what was done all the same
   * @throws ProvisionerError INVENTORY_INCOMPLETE  naming the container whose layers cannot be told
   * @throws StoreError PLAN_STALE                the plan named by `apply` no longer holds; nothing was done
   * @throws ImageError INVALID_REFERENCE         one exclusion is no reference; nothing was done
   */
  pruneImages({ exclude = [], apply, wait = false }: PruneOptions = {}): Future<PruneReport> {
    return this.#served((machine) =>
      pruneMachine(machine, { exclude, wait, ...(apply !== undefined && { apply }) }).then((report) => {
        const { removed, bytes } = report;
        const counts = { images: removed.images.length, layers: removed.layers.length };
        this.#events.tell({ type: 'IMAGES_PRUNED', ...counts, plannedBytes: bytes.planned });
        return report;
      }),
    );
  }

  /** The chains that keep an image or a layer alive. @throws AgentError NO_SUCH_OBJECT */
  why(object: string): Future<Explanation> {
    return this.#view.why(object);
  }

  /** Brings back what a prune removed. There is no undo window yet: fails NOT_SUPPORTED. */
  restore(object: string): Future<never> {
    return refused('NOT_SUPPORTED', `cannot restore ${object}: the undo window is 0, what is pruned is gone`);
  }

  /** Where the store's bytes are. */
  usage(): Future<StoreUsage> {
    return this.#view.usage();
  }

  /** Compares directories and records, both ways. Repairs nothing, and does not hash contents again. */
  check(): Future<CheckReport> {
    return this.#view.check();
  }

  /** What was measured since the start, by Mesos's names; what cannot be told within 2 s is left out. */
  metrics(): Future<MetricsSnapshot> {
    return this.#served(({ metrics }) => metrics.snapshot(2_000));
  }

  /**
   * Finishes the sweep, ends the actors and gives the store back. Containers go on; requests still open are
   * abandoned. Asked twice it is done once.
   */
  close(): Future<void> {
    this.#closing ??= (this.#starting ?? Future.ready(undefined))
      .repair(() => Future.ready(undefined))
      .then(() => this.#machine?.close() ?? this.#runtime.finalize())
      .then(() => this.#events.close({ type: 'STOPPED', reason: this.#stopped?.message ?? null }));
    return this.#closing.undiscardable();
  }

  #create(id: ContainerId, options: CreateOptions): Future<ContainerInfo> {
    return this.#served((machine) => createContainer(machine, this.#settings, id, options));
  }

  #tellEndOf(id: ContainerId): void {
    this.wait(id).onReady(({ exitStatus }) => {
      this.#events.tell({ type: 'CONTAINER_ENDED', id, exitStatus: exitStatus ?? null });
    });
  }

  /** Every request passes here: only a started agent that still stands serves any. */
  #served<T>(request: (machine: Machine) => Future<T>): Future<T> {
    const reason = this.#stopped;
    if (this.#closing) return refused('AGENT_CLOSED', 'this agent is closed');
    if (reason) return refused('AGENT_STOPPED', `this agent stopped: ${reason.message}`, { cause: reason });
    if (!this.#machine) return refused('AGENT_NOT_STARTED', 'this agent has not been started, or still recovers');
    return request(this.#machine);
  }

  /**
   * One of the actors that hold roots is gone: what it knew is on disk, and the next start reads it again.
   */
  #stop(reason: Error): void {
    if (this.#closing) return;
    this.#stopped ??= reason;
    this.#failure.set(reason);
    this.#settings.log({ level: 'error', message: `the agent stops: ${reason.message}` });
  }
}

function requireKnown<T>(id: ContainerId, known: T | undefined): T {
  if (known !== undefined) return known;
  throw new AgentError('NO_SUCH_CONTAINER', `there is no container ${id}`);
}

function refused(code: AgentErrorCode, message: string, options?: ErrorOptions): Future<never> {
  return Future.failed(new AgentError(code, message, options));
}
