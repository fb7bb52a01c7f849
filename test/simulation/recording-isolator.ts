import type { ContainerLimitation, LaunchContribution } from '@keelson/containerizer';
import { Isolator } from '@keelson/containerizer';
import type { Future } from '@keelson/process';
import { defer } from '@keelson/process';
import type { ContainerId } from '@keelson/provisioner';
import type { SimulatedFiles } from '@keelson/simulation';

/** What isolators have set up in the kernel: it outlives the agent that asked for it, but not a power cut. */
export class IsolatedAspects {
  readonly #held: Set<ContainerId>[];
  readonly #stuck = new Set<string>();
  /** What was asked of an isolator out of order. */
  readonly violations: string[] = [];
  /** Calls that are still to fail, by what they are: `prepare 1`, `cleanup 0`. */
  readonly failing = new Map<string, number>();

  constructor(readonly count: number) {
    this.#held = Array.from({ length: count }, () => new Set());
  }

  /** Containers for which any isolator holds anything. */
  get all(): readonly ContainerId[] {
    return [...new Set(this.#held.flatMap((ids) => [...ids]))].toSorted();
  }

  /** Isolators prepare in their order, so those before this one hold the container, and those behind it do not. */
  prepare(index: number, id: ContainerId): void {
    this.#held.forEach((ids, other) => {
      if (ids.has(id) !== other < index) this.violations.push(`isolator ${index} prepares ${id}, ${other} is out of order`);
    });
    // Half of it is done when it fails, as it would be.
    this.#held[index]!.add(id);
    this.#failOnce(`prepare ${index}`);
  }

  /**
   * In reverse: none behind this one may hold the container any more, unless it tried to let go and could not. A
   * container it does not know is fine.
   */
  cleanup(index: number, id: ContainerId): void {
    const later = this.#held.findIndex((ids, other) => other > index && ids.has(id) && !this.#stuck.has(`${other} ${id}`));
    if (later >= 0) this.violations.push(`isolator ${index} cleans up ${id} before isolator ${later}`);
    this.#stuck.add(`${index} ${id}`);
    this.#failOnce(`cleanup ${index}`);
    this.#stuck.delete(`${index} ${id}`);
    this.#held[index]!.delete(id);
  }

  /** What is held for containers that nobody knows goes. */
  recover(index: number, known: readonly ContainerId[]): void {
    for (const id of this.#held[index]!) if (!known.includes(id)) this.#held[index]!.delete(id);
  }

  #failOnce(call: string): void {
    const left = this.failing.get(call) ?? 0;
    if (left === 0) return;
    this.failing.set(call, left - 1);
    throw Object.assign(new Error(`${call} fails`), { code: 'EIO' });
  }
}

/** One isolator over aspects that are shared by all lives of a machine. Nothing is there within the turn that asks. */
export class RecordingIsolator extends Isolator<RecordingIsolator> {
  constructor(
    private readonly aspects: IsolatedAspects,
    private readonly index: number,
    private readonly files: SimulatedFiles,
  ) {
    super(`isolator-${index}`);
  }

  override recover(known: readonly ContainerId[]): Future<void> {
    return this.#soon(() => this.aspects.recover(this.index, known));
  }

  override prepare(id: ContainerId): Future<LaunchContribution> {
    return this.#soon(() => {
      this.aspects.prepare(this.index, id);
      return { environment: { [`ASPECT_${this.index}`]: id } };
    });
  }

  override explain(): Future<ContainerLimitation | undefined> {
    return this.#soon(() => undefined);
  }

  override cleanup(id: ContainerId): Future<void> {
    return this.#soon(() => this.aspects.cleanup(this.index, id));
  }

  #soon<T>(work: () => T): Future<T> {
    return this.files.status('/').then(defer(this, work)) as Future<T>;
  }
}
