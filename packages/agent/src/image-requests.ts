import type { Future } from '@keelson/process';
import type { PrunePlan, PruneReport, PullResult } from '@keelson/store';
import { parseSource } from '@keelson/store';
import type { AgentLife } from './agent-life.js';
import type { AgentSettings } from './agent-options.js';
import type { EventLog } from './event-log.js';
import type { ImageGcRun } from './image-gc-run.js';
import type { ImageListing } from './image-listing.js';
import { setPinned, untag } from './image-tags.js';
import { pruneMachine } from './prune-machine.js';
import type { PruneOptions } from './prune-options.js';
import type { PullOptions } from './pull-options.js';
import type { PlanOptions, ReadOnlyView } from './read-only-view.js';

/** What an agent does with images, told as events. What is promised stands at `Agent`. */
export class ImageRequests {
  constructor(
    private readonly life: AgentLife,
    private readonly settings: AgentSettings,
    private readonly view: ReadOnlyView,
    private readonly events: EventLog,
  ) {}

  pull(reference: string, options: PullOptions): Future<PullResult> {
    return this.life.served((machine) => {
      const { login } = options;
      // An image in a file needs no credentials.
      const isRegistry = parseSource(reference).scheme === 'docker';
      const access = login && isRegistry ? machine.access(reference, login) : undefined;
      return machine.store
        .pull(reference, { ...this.#storeOptions(options), ...(access && { access }) })
        .then((pulled) => this.#told(pulled));
    });
  }

  load(source: string, options: PullOptions): Future<readonly PullResult[]> {
    return this.life.served(({ store }) =>
      store
        .load(source, this.#storeOptions(options))
        .then((loaded) => loaded.map((pulled) => this.#told(pulled))),
    );
  }

  #storeOptions(options: PullOptions) {
    const { force = false, platform = this.settings.platform, insecure, onProgress } = options;
    return {
      cached: !force,
      ...(insecure && { insecure }),
      ...(platform && { platform }),
      ...(onProgress && { onProgress }),
    };
  }

  #told(pulled: PullResult): PullResult {
    const { reference, digest, bytesDownloaded } = pulled;
    this.events.tell({ type: 'IMAGE_PULLED', reference, digest, bytesDownloaded });
    return { ...pulled, elapsedMs: Math.round(pulled.elapsedMs) };
  }

  setPinned(names: readonly string[], pinned: boolean): Future<readonly ImageListing[]> {
    return this.life.served(({ metadata }) => setPinned({ view: this.view, metadata }, names, pinned));
  }

  untag(names: readonly string[]): Future<readonly ImageListing[]> {
    return this.life.served(({ metadata }) => untag({ view: this.view, metadata }, names));
  }

  plan(options: PlanOptions): Future<PrunePlan> {
    return this.view.plan(this.#withConfigured(options));
  }

  prune(options: PruneOptions): Future<PruneReport> {
    return this.life.served((machine) =>
      pruneMachine(machine, this.#withConfigured(options)).then((report) => {
        const { removed, bytes } = report;
        const counts = { images: removed.images.length, layers: removed.layers.length };
        this.events.tell({ type: 'IMAGES_PRUNED', ...counts, plannedBytes: bytes.planned });
        return report;
      }),
    );
  }

  collect(): Future<ImageGcRun> {
    return this.life.served(({ collector }) => collector.collect('manual'));
  }

  /** What the configuration excludes no prune takes, whoever asks for it (as in Mesos). */
  #withConfigured<O extends PlanOptions>(options: O): O {
    const configured = this.settings.imageGc?.excludedImages ?? [];
    return configured.length === 0 ? options : { ...options, exclude: [...(options.exclude ?? []), ...configured] };
  }
}
