import { Container } from '../container.js';
import type { EngineWatch } from './engine-watch.js';

/** A container that an engine runs for us. Belongs to the containerizer's actor; touched in its turns alone. */
export class DockerContainer extends Container {
  /** By which its engine knows it; missing until it was made there. */
  engineId: string | undefined;
  /** Who waits for its end and copies its log. */
  watch: EngineWatch | undefined;
}
