import type { Future } from '@keelson/process';
import type { ContainerId } from './container-id.js';
import { ancestorsOf } from './container-id.js';

/** The destructions under way, by the container that was asked for. What is nested in it goes with it. */
export class Destructions {
  readonly #running = new Map<ContainerId, Future<boolean>>();

  of(id: ContainerId): Future<boolean> | undefined {
    return this.#running.get(id);
  }

  /** That of the nearest container `id` is nested in. */
  above(id: ContainerId): Future<boolean> | undefined {
    return ancestorsOf(id)
      .map((ancestor) => this.#running.get(ancestor))
      .find((running) => running !== undefined);
  }

  /** Whether `id` is on its way out, by itself or with what it is nested in. */
  cover(id: ContainerId): boolean {
    return (this.of(id) ?? this.above(id)) !== undefined;
  }

  begin(id: ContainerId, running: Future<boolean>): void {
    this.#running.set(id, running);
  }

  end(id: ContainerId): void {
    this.#running.delete(id);
  }
}
