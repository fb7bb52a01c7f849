import type { ContainerInfo, ContainerTermination } from '@keelson/containerizer';
import type { Future } from '@keelson/process';
import type { ContainerId } from '@keelson/provisioner';
import { AgentError } from './agent-error.js';
import type { AgentLife } from './agent-life.js';
import type { AgentSettings } from './agent-options.js';
import type { AttachedContainer } from './attached-container.js';
import { attachTo } from './attached-container.js';
import type { CreateOptions } from './create-container.js';
import { createContainer } from './create-container.js';
import type { EventLog } from './event-log.js';
import type { LaunchOptions, ProvisionRequest } from './launch-options.js';
import type { ProvisionedRoot } from './provisioned-root.js';

/** What an agent does with containers, told as events. What is promised stands at `Agent`. */
export class ContainerRequests {
  constructor(
    private readonly life: AgentLife,
    private readonly settings: AgentSettings,
    private readonly events: EventLog,
  ) {}

  launch(options: LaunchOptions): Future<ContainerInfo> {
    const id = options.id ?? this.life.runtime.random.id('c');
    return this.#create(id, options).then((info) => {
      this.events.tell({ type: 'CONTAINER_LAUNCHED', id, image: info.image ?? null });
      this.#tellEndOf(id);
      return info;
    });
  }

  provision(request: ProvisionRequest): Future<ProvisionedRoot> {
    const id = request.id ?? this.life.runtime.random.id('r');
    return this.#create(id, { ...request, provisionOnly: true }).then((info) => {
      const { rootfs = '', backend = '', layers = [] } = info;
      this.events.tell({ type: 'CONTAINER_PROVISIONED', id, image: request.image });
      return { containerId: id, rootfs, backend, layers };
    });
  }

  wait(id: ContainerId): Future<ContainerTermination> {
    return this.life.served(({ containerizer }) =>
      containerizer.wait(id).then((termination) => requireKnown(id, termination)),
    );
  }

  attach(id: ContainerId): Future<AttachedContainer> {
    return this.life.served(({ containerizer, host }) => attachTo(id, containerizer, host));
  }

  kill(id: ContainerId, signal: string): Future<boolean> {
    return this.life.served(({ containerizer }) => containerizer.kill(id, signal));
  }

  destroy(id: ContainerId): Future<ContainerTermination> {
    return this.life.served(({ containerizer }) =>
      containerizer.destroy(id).then((termination) => {
        const known = requireKnown(id, termination);
        return containerizer.remove(id).then(() => {
          this.events.tell({ type: 'CONTAINER_REMOVED', id });
          return known;
        });
      }),
    );
  }

  remove(id: ContainerId): Future<void> {
    return this.life.served(({ containerizer }) =>
      containerizer.containers().then((known) => {
        requireKnown(id, known.find((container) => container.id === id));
        return containerizer.remove(id).then(() => this.events.tell({ type: 'CONTAINER_REMOVED', id }));
      }),
    );
  }

  containers(): Future<readonly ContainerInfo[]> {
    return this.life.served(({ containerizer }) => containerizer.containers());
  }

  #create(id: ContainerId, options: CreateOptions): Future<ContainerInfo> {
    return this.life.served((machine) => createContainer(machine, this.settings, id, options));
  }

  #tellEndOf(id: ContainerId): void {
    this.wait(id).onReady(({ exitStatus }) => {
      this.events.tell({ type: 'CONTAINER_ENDED', id, exitStatus: exitStatus ?? null });
    });
  }
}

function requireKnown<T>(id: ContainerId, known: T | undefined): T {
  if (known !== undefined) return known;
  throw new AgentError('NO_SUCH_CONTAINER', `there is no container ${id}`);
}
