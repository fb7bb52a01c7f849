import { awaitAll, Deferred, Future } from '@keelson/process';
import type { ContainerId } from '@keelson/provisioner';
import { messageOf } from '../containerizer-error.js';
import { recordExit } from '../record-exit.js';
import type { DockerContext } from './docker-context.js';
import type { EngineContainer } from './engine-answer.js';
import { copyLog } from './log-copy.js';

type WatchContext = Pick<
  DockerContext,
  'engine' | 'files' | 'paths' | 'clock' | 'retryMs' | 'stopTimeoutMs' | 'logger'
>;

/** How a container ended in its engine. */
export interface EngineEnding {
  readonly exitStatus?: number;
  readonly oomKilled: boolean;
}

/**
 * Waits for the end of one container and copies its log meanwhile. However often the engine goes away and comes back,
 * it asks again; the container's end is what the engine says last.
 *
 * Not bound to any actor: a command that stays with its container waits here when its agent is closed. Nothing of it
 * keeps the process alive.
 */
export class EngineWatch {
  /** Settles when it has ended, its log is copied and its exit status is on disk. */
  readonly ended: Future<EngineEnding>;
  readonly #ended = new Deferred<EngineEnding>();
  #current: Future<unknown> = Future.ready(undefined);
  #waited: number | undefined;
  #logCopied = false;
  #stopped = false;

  constructor(
    private readonly context: WatchContext,
    private readonly id: ContainerId,
    private readonly engineId: string,
  ) {
    this.ended = this.#ended.future;
  }

  start(): this {
    this.#look();
    return this;
  }

  /** Ends the watch and not the container: `ended` is abandoned. */
  stop(): void {
    this.#stopped = true;
    this.#current.discard();
    this.#ended.abandon();
  }

  /** One look at the container, and what follows from it. Each look is a step of its own: none grows the stack. */
  #look(): void {
    if (this.#stopped) return;
    const { engine } = this.context;
    const step = engine.container(this.engineId).then((seen): void | Future<void> => {
      if (!seen?.running) return this.#over(seen);
      if (this.#waited === undefined) return this.#follow();
      // It was told to have ended, and has not: an engine that answers so at once is not to be asked in a circle.
      this.#waited = undefined;
      this.#lookLater();
    });
    this.#current = step;
    step.onFailed((error) => {
      this.context.logger.info(`Container '${this.id}': ${messageOf(error)}; asking again`);
      this.#lookLater();
    });
  }

  #follow(): Future<void> {
    const { engine } = this.context;
    const waited = engine.wait(this.engineId).then((exitStatus) => void (this.#waited = exitStatus));
    const copied = this.#copyLog(true);
    this.#current = awaitAll<void>([waited, copied]);
    waited.onFailed(() => copied.discard());
    const wholeLog = (): Future<void> => copied.after(this.context.stopTimeoutMs, (late) => void late.discard());
    return waited.then(wholeLog).then(() => this.#lookLater(0));
  }

  #over(seen: EngineContainer | undefined): Future<void> {
    // One that somebody removed is told by what we heard before, if anything.
    const exitStatus = seen?.exitStatus ?? this.#waited;
    const ending = { ...(exitStatus !== undefined && { exitStatus }), oomKilled: seen?.oomKilled ?? false };
    const copied = seen && !this.#logCopied ? this.#copyLog(false) : Future.ready(undefined);
    return copied.then(() => this.#record(exitStatus)).then(() => void this.#ended.set(ending));
  }

  /** A log that cannot be copied must not hold up the end of its container. */
  #copyLog(follow: boolean): Future<void> {
    const { engine, files, paths } = this.context;
    const targets = { stdout: paths.stdout(this.id), stderr: paths.stderr(this.id) };
    return copyLog(engine, files, this.engineId, targets, follow)
      .then(() => void (this.#logCopied = true))
      .repair((failed) => {
        this.#logCopied = false;
        this.context.logger.warn(`Container '${this.id}': ${messageOf(failed.failure())}`);
      });
  }

  #record(exitStatus: number | undefined): Future<void> {
    if (exitStatus === undefined) return Future.ready(undefined);
    return recordExit(this.context.paths, this.context.files, this.id, exitStatus).repair((failed) => {
      this.context.logger.warn(`Container '${this.id}': ${messageOf(failed.failure())}`);
    });
  }

  #lookLater(ms = this.context.retryMs): void {
    const { clock } = this.context;
    if (!this.#stopped) clock.timer(clock.now() + ms, () => this.#look());
  }
}
