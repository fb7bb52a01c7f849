import type { ContainerInfo, ContainerTermination } from '@keelson/containerizer';
import type { MetricsSnapshot, ProcessStatus, RuntimeCounters } from '@keelson/process';
import { Future } from '@keelson/process';
import type { ContainerId } from '@keelson/provisioner';
import type { Explanation, PrunePlan, PruneReport, PullResult, StoreUsage } from '@keelson/store';
import type { Observable } from 'rxjs';
import { AgentError } from './agent-error.js';
import type { AgentEvent } from './agent-event.js';
import { AgentLife } from './agent-life.js';
import type { AgentOptions, AgentSettings } from './agent-options.js';
import { settingsOf } from './agent-options.js';
import type { AgentState, RecoveryPhase } from './agent-state.js';
import type { AttachedContainer } from './attached-container.js';
import type { CheckOptions, CheckReport } from './consistency.js';
import { ContainerRequests } from './container-requests.js';
import type { MissedEvents, NumberedEvent } from './event-log.js';
import { EventLog } from './event-log.js';
import type { ImageGcRun } from './image-gc-run.js';
import type { ImageListing } from './image-listing.js';
import { ImageRequests } from './image-requests.js';
import type { LaunchOptions, ProvisionRequest } from './launch-options.js';
import type { ProvisionedRoot } from './provisioned-root.js';
import type { PruneOptions } from './prune-options.js';
import type { PullOptions } from './pull-options.js';
import type { PlanOptions, ReadOnlyView } from './read-only-view.js';
import { readOnlyView } from './read-only-view.js';
import { repairMachine } from './repair-store.js';

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
  readonly #events = new EventLog();
  readonly #life: AgentLife;
  readonly #view: ReadOnlyView;
  readonly #images: ImageRequests;
  readonly #containers: ContainerRequests;

  private constructor(settings: AgentSettings) {
    this.#life = new AgentLife(settings, this.#events);
    this.#view = readOnlyView(settings.root);
    this.#images = new ImageRequests(this.#life, settings, this.#view, this.#events);
    this.#containers = new ContainerRequests(this.#life, settings, this.#events);
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

  /**
   * What happened after the event `id`, as far as it is remembered (the last 1,024 events), then what happens; without
   * `id` only that. For who may lose the connection, and takes the events up again where it was.
   */
  eventsAfter(id?: string): Observable<NumberedEvent | MissedEvents> {
    return this.#events.after(id);
  }

  /**
   * Serves the inspector page on 127.0.0.1 until the agent is closed; asked twice it is done once.
   *
   * @param recordEvents  whether every event is recorded from now on, and not only once somebody looks; default no
   * @returns the address to open, with its token in the fragment
   * @throws InspectorError INSPECTOR_UNUSABLE
   */
  inspect({ recordEvents = false }: { readonly recordEvents?: boolean } = {}): Future<string> {
    if (recordEvents) this.#life.inspector.look();
    return Future.from(this.#life.inspector.listen()).then(({ url }) => url);
  }

  get state(): AgentState {
    return this.#life.state;
  }

  /** What recovery is at; nothing unless it is under way. */
  get recoveryPhase(): RecoveryPhase | undefined {
    return this.#life.recoveryPhase;
  }

  /** The reason, once a component has failed in a way that must not go on: close it, and start another. */
  get failure(): Future<Error> {
    return this.#life.failure;
  }

  /**
   * Takes the store, and up again what an earlier agent left: its containers, then the layers they stand on,
   * then the store. Nothing else is served before. Asked twice it is done once.
   *
   * @throws AgentError ROOT_UNUSABLE  naming the directory that cannot be made
   * @throws AgentError STORE_LOCKED   naming the process that owns the store
   */
  start(): Future<void> {
    return this.#life.start();
  }

  /**
   * Fetches an image and unpacks its layers. Discarding the answer gives up this caller's interest alone.
   *
   * @param reference  as users write it: `alpine:3.20`, `localhost:5000/app@sha256:…`, `oci:DIR:TAG`,
   *     `docker-archive:FILE:NAME`
   * @throws StoreError, ImageError
   */
  pull(reference: string, options: PullOptions = {}): Future<PullResult> {
    return this.#images.pull(reference, options);
  }

  /**
   * Loads all images of an archive (of `docker save`, or OCI) or of an OCI layout folder, packed or not.
   *
   * @param source  an absolute path, or as for `pull` with a scheme; a selection takes one image
   * @throws StoreError ARCHIVE_INVALID, NAME_TAKEN, …; what was loaded before stays
   */
  load(source: string, options: PullOptions = {}): Future<readonly PullResult[]> {
    return this.#images.load(source, options);
  }

  /** Every image that is here. */
  images(): Future<readonly ImageListing[]> {
    return this.#view.images();
  }

  /** Protects images from every prune; answers them as listed then. @throws AgentError NO_SUCH_OBJECT */
  pin(names: readonly string[]): Future<readonly ImageListing[]> {
    return this.#images.setPinned(names, true);
  }

  /** Takes that protection away. @throws AgentError NO_SUCH_OBJECT */
  unpin(names: readonly string[]): Future<readonly ImageListing[]> {
    return this.#images.setPinned(names, false);
  }

  /** Forgets names; what they meant goes with the next prune. @throws AgentError NO_SUCH_OBJECT */
  untag(names: readonly string[]): Future<readonly ImageListing[]> {
    return this.#images.untag(names);
  }

  /**
   * Starts a container, pulling its image if needed; answers once it runs.
   *
   * @throws ContainerizerError NO_LAUNCHER, COMMAND_NOT_FOUND, CONTAINER_INVALID, …
   * @throws AgentError CONTAINER_EXISTS  the name is taken, perhaps by one that has ended
   */
  launch(options: LaunchOptions): Future<ContainerInfo> {
    return this.#containers.launch(options);
  }

  /** Makes a root filesystem in which nothing runs. Its layers are protected until `destroy`. */
  provision(request: ProvisionRequest): Future<ProvisionedRoot> {
    return this.#containers.provision(request);
  }

  /**
   * Answers how a container ended, once it has and its root filesystem is released.
   *
   * @throws NO_SUCH_CONTAINER
   */
  wait(id: ContainerId): Future<ContainerTermination> {
    return this.#containers.wait(id);
  }

  /** The process of a running container, with which its end can be awaited after this agent is closed. */
  attach(id: ContainerId): Future<AttachedContainer> {
    return this.#containers.attach(id);
  }

  /**
   * Signals a container's first process, `SIGKILL` unless told otherwise; false when there is no such
   * process.
   */
  kill(id: ContainerId, signal = 'SIGKILL'): Future<boolean> {
    return this.#containers.kill(id, signal);
  }

  /**
   * Ends a container, however it was made, and removes all of it: root filesystem, configuration, status and
   * logs.
   *
   * @throws ContainerizerError NO_SUCH_CONTAINER, DESTROY_FAILED
   */
  destroy(id: ContainerId): Future<ContainerTermination> {
    return this.#containers.destroy(id);
  }

  /**
   * Forgets a container that has ended, with its configuration, status and logs.
   *
   * @throws AgentError NO_SUCH_CONTAINER
   * @throws ContainerizerError CONTAINER_RUNNING  it has to be destroyed first
   */
  remove(id: ContainerId): Future<void> {
    return this.#containers.remove(id);
  }

  /** Every container, ended ones included until they are destroyed. */
  containers(): Future<readonly ContainerInfo[]> {
    return this.#containers.containers();
  }

  /** What `pruneImages` would do now, and why the rest stays. Changes nothing. */
  plan(options: PlanOptions = {}): Future<PrunePlan> {
    return this.#images.plan(options);
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
  pruneImages(options: PruneOptions = {}): Future<PruneReport> {
    return this.#images.prune(options);
  }

  /**
   * Looks now whether images are to be collected, by the rules of `imageGc` or their defaults, and collects them if so;
   * joins a collection under way. Answers when the bytes are gone, and what went wrong as a result, never as an error.
   */
  collectImages(): Future<ImageGcRun> {
    return this.#images.collect();
  }

  /** The chains that keep an image or a layer alive. @throws AgentError NO_SUCH_OBJECT */
  why(object: string): Future<Explanation> {
    return this.#view.why(object);
  }

  /** Brings back what a prune removed. There is no undo window yet: fails NOT_SUPPORTED. */
  restore(object: string): Future<never> {
    const message = `cannot restore ${object}: the undo window is 0, what is pruned is gone`;
    return Future.failed(new AgentError('NOT_SUPPORTED', message));
  }

  /** Where the store's bytes are. */
  usage(): Future<StoreUsage> {
    return this.#view.usage();
  }

  /**
   * Compares directories and records, both ways, and hashes every layer again. With `repair`, what is damaged is moved
   * into quarantine and the images that are not whole then are forgotten: the next pull fetches what is missing.
   */
  check({ repair = false, seen = [] }: CheckOptions = {}): Future<CheckReport> {
    if (!repair) return this.#view.check({ contents: true });
    return this.#life.served((machine) => repairMachine(machine, this.#view, seen));
  }

  /** What was measured since the start, by Mesos's names; what cannot be told within `timeoutMs` is left out. */
  metrics(timeoutMs = 2_000): Future<MetricsSnapshot> {
    return this.#life.served(({ metrics }) => metrics.snapshot(timeoutMs));
  }

  /** The actors, and how many requests wait for each. Asks none of them. */
  processes(): readonly ProcessStatus[] {
    return this.#life.runtime.processes();
  }

  /** What the actors' runtime has counted. */
  counters(): RuntimeCounters {
    return this.#life.runtime.counters();
  }

  /**
   * Finishes the sweep, ends the actors and gives the store back. Containers go on; requests still open are
   * abandoned. Asked twice it is done once.
   */
  close(): Future<void> {
    return this.#life.close();
  }
}
