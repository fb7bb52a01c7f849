import type { ContainerizerPid, Logger } from '@keelson/containerizer';
import type { Files, Host } from '@keelson/os/ports';
import type { Clock, Metric, PID, Runtime } from '@keelson/process';
import type { DockerStore, PruneOptions, PruneReport } from '@keelson/store';
import type { UndatedAgentEvent } from './agent-event.js';
import { ImageCollector } from './image-collector.js';
import type { ImageGcConfig } from './image-gc-config.js';
import { imageGcSettings } from './image-gc-config.js';
import type { ImageGcRun } from './image-gc-run.js';

/** What a collector works with in an agent. */
export interface ImageGcWiring {
  readonly config: ImageGcConfig | undefined;
  readonly runtime: Runtime;
  readonly clock: Clock;
  readonly host: Host;
  readonly files: Files;
  /** Below it lies the store. */
  readonly root: string;
  readonly store: PID<DockerStore>;
  readonly containerizer: ContainerizerPid;
  readonly measure: (metric: Metric) => void;
  readonly logger: Logger;
  readonly tell: (event: UndatedAgentEvent) => void;
}

/** Spawns the collector of an agent that has recovered. */
export function spawnImageCollector(wiring: ImageGcWiring): PID<ImageCollector> {
  const { config, runtime, clock, host, files, root, store, containerizer, measure, logger, tell } = wiring;
  const prune = (excluded: readonly string[], reclaim: PruneOptions['reclaim']) =>
    containerizer.pruneImages(
      excluded.map((name) => ({ type: 'DOCKER' as const, name })),
      reclaim ? { reclaim } : {},
    );
  return runtime.spawn(
    new ImageCollector({
      settings: imageGcSettings(config),
      space: () => files.space(root),
      storeBytes: () => store.allocatedBytes(),
      prune,
      // Through the store: it wakes the sweeper when a prune ends, and that is in its mailbox before this.
      swept: () => store.swept(),
      clock,
      wallClockMs: () => host.wallClockMs(),
      measure,
      onRun: (run) => {
        logRun(run, logger);
        tell({ type: 'IMAGE_GC', ...run });
      },
    }),
  );
}

/** Tells the collector of a prune that a person asked for. */
export function recordPrune(
  collector: PID<ImageCollector>,
  clock: Clock,
  startedAtMs: number,
): (report: PruneReport) => void {
  return (report) => void collector.pruned(report, Math.round(clock.now() - startedAtMs));
}

function logRun({ trigger, result, reason, images, freedBytes, error }: ImageGcRun, logger: Logger): void {
  if (result === 'noop') return;
  const did = `${images.length} images collected, ${freedBytes.unlinked} bytes freed`;
  const line = `image collection (${trigger}): ${result}, ${reason}: ${error ? error.message : did}`;
  if (result === 'success') logger.info(line);
  else logger.warn(line);
}
