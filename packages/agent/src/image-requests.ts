import type { Future } from '@keelson/process';
import type { PruneReport, PullResult } from '@keelson/store';
import type { AgentLife } from './agent-life.js';
import type { AgentSettings } from './agent-options.js';
import type { EventLog } from './event-log.js';
import type { ImageListing } from './image-listing.js';
import { setPinned, untag } from './image-tags.js';
import { pruneMachine } from './prune-machine.js';
import type { PruneOptions } from './prune-options.js';
import type { PullOptions } from './pull-options.js';
import type { ReadOnlyView } from './read-only-view.js';

/** What an agent does with images, told as events. What is promised stands at `Agent`. */
export class ImageRequests {
  constructor(
    private readonly life: AgentLife,
    private readonly settings: AgentSettings,
    private readonly view: ReadOnlyView,
    private readonly events: EventLog,
  ) {}

  pull(reference: string, options: PullOptions): Future<PullResult> {
    const { force = false, platform = this.settings.platform, ...rest } = options;
    return this.life.served(({ store }) =>
      store.pull(reference, { ...rest, cached: !force, ...(platform && { platform }) }).then((pulled) => {
        const { digest, bytesDownloaded } = pulled;
        this.events.tell({ type: 'IMAGE_PULLED', reference: pulled.reference, digest, bytesDownloaded });
        return { ...pulled, elapsedMs: Math.round(pulled.elapsedMs) };
      }),
    );
  }

  setPinned(names: readonly string[], pinned: boolean): Future<readonly ImageListing[]> {
    return this.life.served(({ metadata }) => setPinned({ view: this.view, metadata }, names, pinned));
  }

  untag(names: readonly string[]): Future<readonly ImageListing[]> {
    return this.life.served(({ metadata }) => untag({ view: this.view, metadata }, names));
  }

  prune(options: PruneOptions): Future<PruneReport> {
    return this.life.served((machine) =>
      pruneMachine(machine, options).then((report) => {
        const { removed, bytes } = report;
        const counts = { images: removed.images.length, layers: removed.layers.length };
        this.events.tell({ type: 'IMAGES_PRUNED', ...counts, plannedBytes: bytes.planned });
        return report;
      }),
    );
  }
}
