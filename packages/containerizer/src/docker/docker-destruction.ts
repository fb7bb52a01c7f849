import { Future } from '@keelson/process';
import { concludeContainer } from '../conclude-container.js';
import type { ContainerTermination } from '../container-termination.js';
import { terminationOf } from '../container-termination.js';
import { ContainerizerError, messageOf } from '../containerizer-error.js';
import type { Ending } from '../destroy-container.js';
import type { DockerContainer } from './docker-container.js';
import type { DockerContext } from './docker-context.js';
import { readEngineRecord } from './docker-records.js';
import type { EngineContainer } from './engine-answer.js';
import type { EngineNames } from './engine-names.js';
import type { EngineEnding } from './engine-watch.js';
import { EngineWatch } from './engine-watch.js';

/**
 * Ends a container and takes it out of its engine, whatever state it had reached: the step at work, its processes, its
 * log and exit status onto our disk, then the container, then the record that says it is over.
 *
 * What the engine knows of an end is written down before the engine is told to forget it. A part that fails stops it
 * there; the next destroy goes on from there.
 *
 * @throws ContainerizerError DESTROY_FAILED
 */
export class DockerDestruction {
  constructor(
    private readonly context: DockerContext,
    private readonly container: DockerContainer,
    private readonly names: EngineNames,
    private readonly ending: Ending,
  ) {}

  run(): Future<ContainerTermination> {
    const { turn } = this.context;
    const { container } = this;
    container.beginDestroy();
    return container.step
      .recover(() => undefined)
      .then(turn(() => this.#find()))
      .then(turn((found) => (found ? this.#end(found) : this.#gone())))
      .then((ended) => this.#remove().then(() => ended))
      .repair((failed) => {
        const { id } = container;
        const error = failed.failure();
        const message = `Failed to destroy container '${id}' in its engine: ${messageOf(error)}`;
        throw new ContainerizerError('DESTROY_FAILED', message, { cause: error });
      })
      .then(turn((ended) => this.#conclude(ended)));
  }

  /** By the id on record, else by its name: a create whose answer never came made it all the same. */
  #find(): Future<EngineContainer | undefined> {
    const { paths, files } = this.context;
    const { id, engineId, engine, offered } = this.container;
    if (!offered) return Future.ready(undefined);
    const known: Future<string | undefined> = engineId
      ? Future.ready(engineId)
      : readEngineRecord(paths, files, id).then((record) => record?.engineId);
    return known
      .then((recorded) => engine.container(recorded ?? this.names.nameOf(id)))
      .then((found) => (found && this.names.isOurs(found) ? found : undefined));
  }

  /** Somebody else removed it; whoever watched it may have heard how it ended. */
  #gone(): EngineEnding | undefined | Future<EngineEnding | undefined> {
    const heard: Future<EngineEnding | undefined> | undefined = this.container.watch?.ended.undiscardable();
    return heard?.after(this.context.stopTimeoutMs, () => undefined);
  }

  /** Only what ran has an end worth telling. */
  #end(found: EngineContainer): EngineEnding | undefined | Future<EngineEnding> {
    const { stopTimeoutMs } = this.context;
    const { container } = this;
    const { engine } = container;
    container.engineId = found.id;
    if (!found.started) return undefined;
    container.watch ??= new EngineWatch({ ...this.context, engine }, container.id, found.id).start();
    const ended = container.watch.ended.undiscardable();
    return engine.kill(found.id, 'SIGKILL').then(() =>
      ended.after(stopTimeoutMs, () => {
        const message = `It has not ended within ${stopTimeoutMs} ms of being killed`;
        throw new ContainerizerError('ENGINE_TIMEOUT', message);
      }),
    );
  }

  #remove(): Future<void> {
    const { engineId, engine } = this.container;
    return engineId === undefined ? Future.ready(undefined) : engine.remove(engineId);
  }

  #conclude(ended: EngineEnding | undefined): Future<ContainerTermination> {
    const { container, ending } = this;
    const ran = container.ran || ended !== undefined;
    const exitStatus = ended?.exitStatus ?? container.record.exitStatus;
    const termination = ran ? { ...terminationOf(exitStatus), ...memoryLimit(ended), ...ending } : ending;
    return concludeContainer(this.context, container, { ran, termination }).onReady(() => container.watch?.stop());
  }
}

function memoryLimit(ended: EngineEnding | undefined): Ending {
  if (!ended?.oomKilled) return {};
  return { reason: 'LIMITATION', message: 'it used more memory than its limit and was killed for it' };
}
