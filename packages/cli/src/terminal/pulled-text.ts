import type { PullResult } from '@keelson/agent';
import type { Output } from '../output.js';
import { formatBytes, formatDuration } from './bytes.js';
import { count } from './prune-text.js';

/** Says which images are here now, and what it took. */
export function tellOfPulled(output: Output, images: readonly PullResult[]): void {
  output.result({ images }, () =>
    images.map((image) => {
      const reused = image.layers.filter((layer) => layer.reused).length;
      const layers = `${count(image.layers.length, 'layer')}, ${reused} of them here already`;
      const cost = `${formatBytes(image.bytesDownloaded)} in ${formatDuration(image.elapsedMs)}`;
      return `${image.reference}  ${image.digest}\n  ${layers}, ${cost}`;
    }),
  );
}
