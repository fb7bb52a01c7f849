import { awaitAll, collect, Future } from '@keelson/process';
import { concludeContainer } from './conclude-container.js';
import type { Container } from './container.js';
import { parseStatus } from './container-records.js';
import type { ContainerTermination } from './container-termination.js';
import { terminationOf } from './container-termination.js';
import type { ContainerizerContext } from './containerizer-context.js';
import { ContainerizerError, messageOf } from './containerizer-error.js';

/** Why a container is destroyed; nothing is said when it ended by itself. */
export type Ending = Pick<ContainerTermination, 'reason' | 'message'>;

/**
 * Undoes what a launch did, last things first, whatever state it had reached: children, then the step at
 * work (a pull is given up, anything else waited for), processes, isolators in reverse, root filesystem,
 * records.
 *
 * A part that fails stops it there: what is left stays known and protected, and the next destroy goes on
 * from there. Mirrors Mesos `MesosContainerizerProcess::destroy`.
 *
 * @param destroyChild  destroys one nested container
 * @throws ContainerizerError DESTROY_FAILED
 */
export class ContainerDestruction {
  constructor(
    private readonly context: ContainerizerContext,
    private readonly container: Container,
    private readonly ending: Ending,
    private readonly destroyChild: (child: Container) => Future<unknown>,
  ) {}

  run(): Future<ContainerTermination> {
    const { turn } = this.context;
    const { container } = this;
    container.beginDestroy();
    return awaitAll([...container.children].map(this.destroyChild))
      .then((children) => this.#requireChildren(children))
      .then(() => settled(container.step))
      .then(turn(() => this.#killProcesses()))
      .then(turn(() => this.#exitStatus()))
      .then(
        turn((exitStatus) =>
          this.#explain(exitStatus)
            .then(turn((ending) => this.#cleanUp().then(() => ending)))
            .then((ending) => this.#releaseRootfs().then(() => ending))
            .then(turn((ending) => this.#conclude(exitStatus, ending))),
        ),
      );
  }

  #requireChildren(children: readonly Future<unknown>[]): void {
    const failures = children.filter((child) => !child.isReady()).map(reasonOf);
    if (failures.length > 0) throw this.#failed('destroy nested containers', failures.join('; '));
  }

  #killProcesses(): Future<void> {
    const { container } = this;
    const { launcher } = container;
    const directory = this.context.paths.container(container.id);
    // Recovered without knowing who launched it: every launcher leaves alone what is not its own.
    const launchers = launcher ? [launcher] : container.ran ? this.context.launchers : [];
    const process = container.process ?? container.record.process;
    return launchers
      .reduce<Future<void>>(
        (before, each) => before.then(() => each.launcher.destroy(container.id, directory, process)),
        Future.ready(undefined),
      )
      .recover((killed) =>
        Future.failed(this.#failed('kill all processes in the container', reasonOf(killed))),
      );
  }

  /** What its monitor answered, else what is on disk: the monitor may have been somebody else's child. */
  #exitStatus(): Future<number | undefined> {
    const { paths, files } = this.context;
    const { container } = this;
    const watched = container.process?.status.recover(() => undefined) ?? Future.ready(undefined);
    return watched.then((exitStatus): number | undefined | Future<number | undefined> => {
      if (exitStatus !== undefined || !container.ran) return exitStatus;
      return files
        .read(paths.status(container.id), { maxBytes: 64 })
        .then((bytes) => parseStatus(new TextDecoder().decode(bytes)))
        .repair(() => undefined);
    });
  }

  /** Nobody wanted its end: perhaps it ran into a limit. */
  #explain(exitStatus: number | undefined): Future<Ending> {
    const { ending } = this;
    const { isolators, id } = this.container;
    if (ending.reason !== undefined) return Future.ready(ending);
    return collect(isolators.map((isolator) => isolator.explain(id, exitStatus).repair(() => undefined))).then(
      (limitations): Ending => {
        const limitation = limitations.find((each) => each !== undefined);
        return limitation ? { reason: 'LIMITATION', message: limitation.message } : ending;
      },
    );
  }

  /** In reverse; all are tried, and those that succeed are not asked again. */
  #cleanUp(): Future<void> {
    const { isolators, id } = this.container;
    const failures: string[] = [];
    return [...isolators]
      .toReversed()
      .reduce<Future<void>>(
        (before, isolator) =>
          before
            .then(() =>
              isolator
                .cleanup(id)
                .then(this.context.turn(() => void isolators.splice(isolators.indexOf(isolator), 1))),
            )
            .recover((cleaned) => void failures.push(reasonOf(cleaned))),
        Future.ready(undefined),
      )
      .then(() => {
        if (failures.length > 0) throw this.#failed('clean up an isolator', failures.join('; '));
      });
  }

  #releaseRootfs(): Future<unknown> {
    return this.context.provisioner
      .destroy(this.container.id)
      .recover((destroyed) =>
        Future.failed(this.#failed('destroy the provisioned rootfs', reasonOf(destroyed))),
      );
  }

  #conclude(exitStatus: number | undefined, ending: Ending): Future<ContainerTermination> {
    const { ran } = this.container;
    const termination = ran ? { ...terminationOf(exitStatus), ...ending } : ending;
    return concludeContainer(this.context, this.container, { ran, termination });
  }

  #failed(what: string, why: string): ContainerizerError {
    const message = `Failed to ${what} when destroying container '${this.container.id}': ${why}`;
    return new ContainerizerError('DESTROY_FAILED', message);
  }
}

/** Ready once `work` is over in any way. */
function settled(work: Future<unknown>): Future<unknown> {
  return work.recover(() => undefined);
}

function reasonOf(future: Future<unknown>): string {
  return future.isFailed() ? messageOf(future.failure()) : future.toString();
}
