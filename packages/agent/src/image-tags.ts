import type { Future, PID } from '@keelson/process';
import { collect } from '@keelson/process';
import type { MetadataManager } from '@keelson/store';
import type { ImageListing } from './image-listing.js';
import { namedObject } from './named-object.js';
import type { ReadOnlyView } from './read-only-view.js';

/** What is known of images, and who may change it. */
export interface ImageTagsContext {
  readonly view: Pick<ReadOnlyView, 'images'>;
  readonly metadata: Pick<PID<MetadataManager>, 'images' | 'pin' | 'unpin' | 'forget'>;
}

/**
 * Protects images from prune, or no longer; answers them as they are listed then. Every name is understood
 * before anything changes.
 *
 * @throws AgentError NO_SUCH_OBJECT
 */
export function setPinned(
  context: ImageTagsContext,
  names: readonly string[],
  pinned: boolean,
): Future<readonly ImageListing[]> {
  const { view, metadata } = context;
  return imagesNamed(context, names).then((named) => {
    const references = named.map(({ reference }) => reference);
    const change = (reference: string) => (pinned ? metadata.pin(reference) : metadata.unpin(reference));
    return collect(references.map(change))
      .then(() => view.images())
      .then((images) => images.filter(({ reference }) => references.includes(reference)));
  });
}

/**
 * Forgets names of images, and answers what they meant. Layers stay until the next prune, and those that a
 * container stands on beyond it.
 *
 * @throws AgentError NO_SUCH_OBJECT
 */
export function untag(
  context: ImageTagsContext,
  names: readonly string[],
): Future<readonly ImageListing[]> {
  return imagesNamed(context, names).then((named) =>
    context.metadata.forget(named.map(({ reference }) => reference)).then(() => named),
  );
}

function imagesNamed(
  { view, metadata }: ImageTagsContext,
  names: readonly string[],
): Future<readonly ImageListing[]> {
  return metadata.images().then(({ images }) => {
    const meant = new Set(names.map((name) => namedObject({ images, layers: [] }, name)));
    return view.images().then((listed) => listed.filter(({ reference }) => meant.has(reference)));
  });
}
