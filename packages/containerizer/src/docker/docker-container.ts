import type { ContainerRecord } from '../container.js';
import { Container } from '../container.js';
import type { DockerEngine } from './docker-engine.js';
import type { EngineWatch } from './engine-watch.js';

/** A container that an engine runs for us. Belongs to the containerizer's actor; touched in its turns alone. */
export class DockerContainer extends Container {
  constructor(
    record: ContainerRecord,
    /** Who has it. */
    readonly engine: DockerEngine,
  ) {
    super(record, undefined);
  }

  /** By which its engine knows it; missing until it was made there. */
  engineId: string | undefined;
  /** Whether its engine may have it, known or not. */
  offered = false;
  /** Who waits for its end and copies its log. */
  watch: EngineWatch | undefined;
}
