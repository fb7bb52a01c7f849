import { Deferred, Future } from '@keelson/process';
import type { ContainerId } from '@keelson/provisioner';
import { produce } from 'immer';
import type { Draft } from 'immer';
import type { Actor, InspectionEvent } from 'xstate';
import { createActor } from 'xstate';
import type { NamedLauncher } from './choose-launcher.js';
import type { ContainerInfo, ContainerState } from './container-info.js';
import type { ContainerEvent } from './container-machine.js';
import { containerMachine, containerStateOf } from './container-machine.js';
import type { ContainerTermination } from './container-termination.js';
import type { IsolatorRequests } from './isolator.js';
import type { LaunchedProcess } from './launcher.js';
import { infoOf } from './read-containers.js';
import type { StoredContainer } from './stored-container.js';

/** What is known of a container: the same facts as on disk, and why its last destroy failed. */
export interface ContainerRecord extends StoredContainer {
  readonly failure?: string;
}

/**
 * One container in a containerizer's memory: its life-cycle machine, its record, and what is going on
 * with it. Belongs to the containerizer's actor; touched in its turns alone.
 */
export class Container {
  /** Containers nested directly in this one. */
  readonly children = new Set<Container>();
  /** Settles once it has ended and everything it stood on is released. */
  readonly termination = new Deferred<ContainerTermination>();
  /** Images on their way for it; a destroy gives them up. */
  readonly pulls = new Set<Future<unknown>>();
  /** Isolators whose `prepare` was called and whose `cleanup` was not yet, in that order. */
  readonly isolators: IsolatorRequests[] = [];
  /** The step of the launch that is at work; a destroy waits for it before it undoes anything. */
  step: Future<unknown> = Future.ready(undefined);
  /** Set before it is asked to start anything. */
  launcher: NamedLauncher | undefined;
  process: LaunchedProcess | undefined;
  /** Why it is, or was to be, destroyed; what was said first holds. */
  ending: Pick<ContainerTermination, 'reason' | 'message'> | undefined;
  /** Since the last success or start. */
  failedDestroys = 0;
  /** The one destroy in flight. */
  destroying: Future<ContainerTermination> | undefined;
  removing: Future<void> | undefined;

  readonly #machine: Actor<typeof containerMachine>;
  #record: ContainerRecord;

  constructor(
    record: ContainerRecord,
    readonly parent: Container | undefined,
    inspect?: (event: InspectionEvent) => void,
  ) {
    this.#record = produce(record, () => {});
    this.#machine = createActor(containerMachine, {
      id: `container ${record.id}`,
      ...(inspect && { inspect }),
    });
    // Without an error observer XState reports what goes wrong in a machine as an uncaught exception.
    this.#machine.subscribe({ error: () => {} });
    this.#machine.start();
    parent?.children.add(this);
  }

  get id(): ContainerId {
    return this.#record.id;
  }

  get state(): ContainerState {
    return containerStateOf(this.#machine.getSnapshot());
  }

  get record(): ContainerRecord {
    return this.#record;
  }

  /** Whether anything ran in it: then its status and logs are worth keeping. */
  get ran(): boolean {
    return this.#record.process !== undefined || this.#record.exitStatus !== undefined;
  }

  /** Takes the one transition `type` names; anything the machine does not foresee is a bug of ours. */
  send(type: ContainerEvent['type']): void {
    const before = this.#machine.getSnapshot();
    this.#machine.send({ type });
    // A machine that takes no transition keeps its snapshot. To ask `can` first would compute each transition twice.
    if (this.#machine.getSnapshot() === before) {
      throw new Error(`container '${this.id}' is ${this.state}: ${type} is not foreseen`);
    }
  }

  /** Changes the record; the old one stays as it was for who holds it. */
  update(change: (draft: Draft<ContainerRecord>) => void): void {
    this.#record = produce(this.#record, change);
  }

  info(): ContainerInfo {
    const { failure } = this.#record;
    const info = infoOf(this.#record, this.state);
    return failure === undefined ? info : { ...info, message: failure };
  }

  /** It and everything nested in it, at any depth. */
  withNested(): Container[] {
    return [this, ...[...this.children].flatMap((child) => child.withNested())];
  }

  /** From here on it is being destroyed: an old failure is forgotten, and pulls for it are given up. */
  beginDestroy(): void {
    this.send('DESTROY');
    this.update((record) => void delete record.failure);
    this.pulls.forEach((pull) => pull.discard());
  }

  /** Marks `work` as the step a destroy has to wait for. */
  during<T>(work: Future<T>): Future<T> {
    this.step = work;
    return work;
  }
}
