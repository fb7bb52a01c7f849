import type { ImageGcConfig, ImageGcRun } from '@keelson/agent';
import { ImageCollector, imageGcSettings } from '@keelson/agent';
import { containerConfig } from '@keelson/containerizer';
import type { PID } from '@keelson/process';
import { Future } from '@keelson/process';
import type { SimulatedRegistry } from '@keelson/simulation';
import { makeSimulatedImage } from '@keelson/simulation';
import type { PruneReport, Reclaim, StoredImage } from '@keelson/store';
import { lastUseOf } from '@keelson/store';
import type { AgentLife } from './agent-world.js';
import { check } from './check.js';
import { nodeAt } from './disk-view.js';
import { freshRegistry } from './fresh.js';
import { dockerImage, nameOf } from './images.js';
import { Machine } from './machine.js';

/** Five images of different sizes over two bases, so that what they free depends on which others go. */
export const names = ['i0', 'i1', 'i2', 'i3', 'i4'] as const;
export type Name = (typeof names)[number];

export function collectedRegistry(): SimulatedRegistry {
  const registry = freshRegistry();
  names.forEach((name, index) => {
    const base = { [`base${index % 2}`]: 'base' };
    const own = Object.fromEntries(Array.from({ length: index + 1 }, (_, file) => [`${name}.${file}`, name]));
    registry.put(name, 'latest', makeSimulatedImage(index === 4 ? [base] : [base, own]));
  });
  return registry;
}

export function referenceOf(name: Name): string {
  return `${nameOf(name)}:latest`;
}

/** A machine on which a second passes with every look at the clock, so that no two uses are at the same time. */
export class TickingMachine extends Machine {
  constructor(
    private nowMs = Date.UTC(2026, 0, 1),
    boot = 1,
  ) {
    super(boot);
  }

  override wallClockMs(): number {
    return (this.nowMs += 1_000);
  }

  override reboot(): Machine {
    return new TickingMachine(this.nowMs, 2);
  }
}

/** Bytes of the file system; a simulated layer takes some thousand of them. */
const totalBytes = 200 * 4_096;

/** One collection as the store carried it out. */
interface Collected {
  readonly reclaim: Reclaim;
  readonly report: PruneReport;
}

/** The collector of a whole agent, on a file system that others fill as far as a test wants. */
export class Collecting {
  readonly collector: PID<ImageCollector>;
  readonly runs: ImageGcRun[] = [];
  readonly collected: Collected[] = [];
  othersBytes = 0;
  /** Every image as it was last listed. */
  readonly #seen = new Map<string, StoredImage>();

  constructor(
    readonly life: AgentLife,
    config: ImageGcConfig,
  ) {
    const { runtime, clock } = life.world;
    this.collector = runtime.spawn(
      new ImageCollector({
        settings: imageGcSettings(config),
        space: () => Future.ready({ totalBytes, freeBytes: totalBytes - this.usedBytes }),
        storeBytes: () => life.world.store.allocatedBytes(),
        prune: (excluded, reclaim) =>
          life.containerizer.pruneImages(excluded.map(dockerImage), { reclaim }).then((report) => {
            this.#judge(reclaim, report);
            return report;
          }),
        swept: () => life.world.store.swept(),
        clock,
        wallClockMs: () => life.host.wallClockMs(),
        onRun: (run) => void this.runs.push(run),
        measure: () => {},
      }),
    );
    const { afterStep } = life.watch;
    life.watch.afterStep = (ready) => {
      afterStep?.(ready);
      for (const image of life.insides.metadata?.images().images ?? []) this.#seen.set(image.reference, image);
    };
  }

  get usedBytes(): number {
    return this.othersBytes + (this.life.insides.store?.allocatedBytes() ?? 0);
  }

  get totalBytes(): number {
    return totalBytes;
  }

  provision(id: string, name: Name): Future<unknown> {
    const config = containerConfig({ image: dockerImage(name), provisionOnly: true });
    return this.life.containerizer.launch(id, config);
  }

  pull(name: Name): Future<unknown> {
    return this.life.world.store.pull(nameOf(name));
  }

  /** References listed now. */
  get listed(): readonly string[] {
    return this.life.now(this.life.world.metadata.images()).images.map(({ reference }) => reference);
  }

  /** Every container that stands has its root filesystem and its image is listed. */
  standingIsWhole(): void {
    const { listed } = this;
    for (const { id, state } of this.life.now(this.life.containerizer.containers())) {
      if (state !== 'PROVISIONED') continue;
      const found = this.life.now(this.life.world.provisioner.containers()).find((each) => each.id === id);
      for (const { rootfs, reference, layers } of found?.rootfses ?? []) {
        check(nodeAt(this.life.world.disk, rootfs) !== undefined, () => `P1: root filesystem of ${id} is gone`);
        check(listed.includes(reference), () => `P1: ${reference}, which ${id} stands on, was collected`);
        for (const layer of layers) {
          check(nodeAt(this.life.world.disk, this.life.world.storePaths.rootfs(layer)) !== undefined, `P1: ${layer} is gone`);
        }
      }
    }
  }

  /** What went was neither pinned nor younger than allowed, as it was when it went. */
  #judge(reclaim: Reclaim, report: PruneReport): void {
    this.collected.push({ reclaim, report });
    for (const { reference } of report.removed.images) {
      const image = this.#seen.get(reference);
      if (image === undefined) continue;
      check(!image.pinned, () => `P10: ${reference} was pinned and is collected`);
      check(lastUseOf(image) < reclaim.unusedSince, () => `P10: ${reference} is younger than the minimum age`);
    }
  }
}
