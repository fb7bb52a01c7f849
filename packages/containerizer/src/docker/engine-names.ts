import type { ContainerId } from '@keelson/provisioner';
import type { EngineContainer } from './engine-answer.js';

/** How our containers are named and labelled in an engine that others use too. Pure. */
export class EngineNames {
  /** @param agentId  tells the containers of several agents apart */
  constructor(readonly agentId: string) {}

  nameOf(id: ContainerId): string {
    return `keelson-${this.agentId}.${id}`;
  }

  labelsOf(id: ContainerId): Record<string, string> {
    return { [agentLabel]: this.agentId, [containerLabel]: id };
  }

  /** `key=value`, carried by everything that is ours. */
  get label(): string {
    return `${agentLabel}=${this.agentId}`;
  }

  /** Whether a container of that name was made by us: a name alone proves nothing. */
  isOurs({ labels }: EngineContainer): boolean {
    return labels[agentLabel] === this.agentId;
  }
}

const agentLabel = 'keelson.agent';
const containerLabel = 'keelson.container';
