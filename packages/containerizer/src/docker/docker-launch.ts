import type { ImageReference } from '@keelson/image';
import { formatReference, parseReference } from '@keelson/image';
import { collect, Future } from '@keelson/process';
import type { Timer } from '@keelson/process';
import type { Credential, RegistryAccess } from '@keelson/store';
import { checkpoint } from '../containerizer-context.js';
import type { ContainerConfig } from '../container-config.js';
import { configFormat, processFormat } from '../container-records.js';
import type { ContainerState } from '../container-info.js';
import { ContainerizerError } from '../containerizer-error.js';
import type { DockerContainer } from './docker-container.js';
import type { DockerContext } from './docker-context.js';
import { writeEngineRecord } from './docker-records.js';
import type { EngineContainer, EngineImage } from './engine-answer.js';
import { engineContainerBody } from './engine-container-body.js';
import type { EngineNames } from './engine-names.js';
import { EngineWatch } from './engine-watch.js';

/** An image may be pruned from the engine between look-up and create; then it is pulled again, so often. */
const maxPulls = 3;

export interface DockerLaunchTerms {
  readonly names: EngineNames;
  /** The agent's id is on disk. */
  readonly named: Future<void>;
  readonly pullTimer: Timer;
  /** Whose credentials the engine shows. */
  readonly access: RegistryAccess | undefined;
}

/**
 * Takes one container from STARTING to RUNNING, a step at a time: its configuration on disk, its image in the engine
 * (PROVISIONING), the container made there (PREPARING), its id on disk, started (ISOLATING), watched. Each step is
 * what a destroy waits for; the step after it sees that the state has changed and goes no further.
 *
 * @throws ContainerizerError CONTAINER_DESTROYED  it was destroyed meanwhile
 */
export class DockerLaunch {
  readonly #config: ContainerConfig;

  constructor(
    private readonly context: DockerContext,
    private readonly container: DockerContainer,
    private readonly terms: DockerLaunchTerms,
  ) {
    this.#config = container.record.config!.config;
  }

  run(): Future<void> {
    const { turn } = this.context;
    return this.container
      .during(this.#checkpointConfig())
      .then(turn(() => this.#provide()))
      .then(turn((engineId) => this.#start(engineId)));
  }

  #checkpointConfig(): Future<void> {
    const { paths, files } = this.context;
    const { id, record } = this.container;
    return collect([
      this.terms.named,
      files.makeDirectory(paths.container(id), { mode: 0o700 }),
      files.makeDirectory(paths.sandbox(id), { mode: 0o700 }),
    ]).then(() => checkpoint(files, paths.config(id), configFormat, record.config!));
  }

  #provide(): Future<string> {
    this.#goOnFrom('STARTING');
    const reference = parseReference(this.#config.image!.name);
    this.container.send('PROVISION');
    const made = this.#imageOf(reference).then(this.context.turn((image) => this.#create(reference, image, 1)));
    return this.container.during(made);
  }

  #imageOf(reference: ImageReference): Future<EngineImage> {
    const { engine } = this.context;
    const name = formatReference(reference);
    const wanted = platformOf(this.#config);
    return engine.image(name).then((known): EngineImage | Future<EngineImage> => {
      // Who shows credentials is asked for them, even if somebody else has had the image pulled (T18).
      if (known && !this.terms.access && (wanted === undefined || known.platform.startsWith(wanted))) return known;
      const pull = this.terms.pullTimer.time(this.#pull(reference, wanted));
      this.container.pulls.add(pull);
      return pull.then(() => engine.image(name)).then((pulled) => {
        if (pulled) return pulled;
        throw new ContainerizerError('IMAGE_NOT_FOUND', `The engine pulled ${name} and does not have it`);
      });
    });
  }

  #pull(reference: ImageReference, platform: string | undefined): Future<void> {
    const { registry, repository, tag, digest } = reference;
    const credential: Future<Credential | undefined> =
      this.terms.access?.credential(registry, repository) ?? Future.ready(undefined);
    return credential.then((shown) =>
      this.context.engine.pull(`${registry}/${repository}`, digest ?? tag ?? 'latest', {
        ...(platform && { platform }),
        ...(shown && { credential: shown }),
      }),
    );
  }

  #create(reference: ImageReference, image: EngineImage, pulls: number): Future<string> {
    const { turn, engine } = this.context;
    const { id } = this.container;
    if (this.container.state === 'PROVISIONING') this.container.send('PREPARE');
    this.#goOnFrom('PREPARING');
    const body = engineContainerBody(id, this.#config, image, this.terms.names.labelsOf(id));
    this.container.offered = true;
    return engine
      .create(this.terms.names.nameOf(id), body, platformOf(this.#config))
      .then(turn((engineId) => this.#created(engineId)))
      .repair((failed) => {
        const error = failed.failure();
        if (!(error instanceof ContainerizerError)) return failed;
        const again = turn((found: EngineImage) => this.#create(reference, found, pulls + 1));
        if (error.code === 'IMAGE_NOT_FOUND' && pulls < maxPulls) return this.#imageOf(reference).then(again);
        if (error.code === 'NAME_CONFLICT' && pulls < maxPulls) {
          return this.#removeLeftover(error).then(() => again(image));
        }
        return failed;
      });
  }

  /** What an earlier create of ours made although its answer never came. */
  #removeLeftover(conflict: ContainerizerError): Future<void> {
    const { engine } = this.context;
    return engine.container(this.terms.names.nameOf(this.container.id)).then((holder) => {
      if (!holder) return;
      if (!this.terms.names.isOurs(holder)) throw conflict;
      return engine.remove(holder.id);
    });
  }

  /** Noted in any state: a destroy that waits for this step has something to remove. */
  #created(engineId: string): Future<string> {
    const { paths, files, engine } = this.context;
    this.container.engineId = engineId;
    const record = { engineId, socket: engine.socket };
    return writeEngineRecord(paths, files, this.container.id, record).then(() => engineId);
  }

  #start(engineId: string): Future<void> {
    this.#goOnFrom('PREPARING');
    this.container.send('ISOLATE');
    const { engine, turn } = this.context;
    const started = engine
      .start(engineId)
      .repair((failed) => this.#whyNotStarted(engineId, failed))
      .then(() => engine.container(engineId))
      .then(turn((seen) => this.#started(engineId, seen)));
    return this.container.during(started).then(
      turn(() => {
        this.#goOnFrom('ISOLATING');
        this.container.send('FETCH');
        this.container.send('RUN');
      }),
    );
  }

  /** The engine judges what its runtime says, and leaves the exit status that a shell would show. */
  #whyNotStarted(engineId: string, failed: Future<void>): Future<void> {
    const error = failed.failure();
    if (!(error instanceof ContainerizerError) || error.code !== 'LAUNCH_FAILED') return failed;
    return this.context.engine
      .container(engineId)
      .repair(() => undefined)
      .then((seen) => {
        const unknownUser = /unable to find (user|group)/i.test(error.message);
        const byStatus = { 126: 'COMMAND_NOT_EXECUTABLE', 127: 'COMMAND_NOT_FOUND' } as const;
        const code = unknownUser ? 'USER_UNKNOWN' : byStatus[seen?.exitStatus as 126 | 127];
        throw code === undefined ? error : new ContainerizerError(code, error.message, { cause: error });
      });
  }

  #started(engineId: string, seen: EngineContainer | undefined): Future<void> {
    const { paths, files, host } = this.context;
    const { container } = this;
    const { id } = container;
    const pid = seen?.pid ?? 0;
    const watch = new EngineWatch(this.context, id, engineId);
    container.watch = watch;
    return (pid > 0 ? host.identify(pid) : Future.ready(undefined)).then(
      this.context.turn((process) => {
        const record = { pid, ...(process && { process }) };
        container.update((draft) => void (draft.process = record));
        container.process = { ...record, status: watch.ended.then(({ exitStatus }) => exitStatus) };
        watch.start();
        return checkpoint(files, paths.pid(id), processFormat, record);
      }),
    );
  }

  #goOnFrom(state: ContainerState): void {
    if (this.container.state === state) return;
    const message = `Container '${this.container.id}' was destroyed during ${state}`;
    throw new ContainerizerError('CONTAINER_DESTROYED', message);
  }
}

function platformOf({ platform }: ContainerConfig): string | undefined {
  return platform && [platform.os, platform.architecture, platform.variant].filter(Boolean).join('/');
}
