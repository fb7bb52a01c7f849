import type { ImageGcSettings } from './image-gc-config.js';
import type { ImageGcReason, ImageGcTrigger } from './image-gc-run.js';

/** How full things are, in bytes. */
export interface Fullness {
  readonly usedBytes: number;
  readonly totalBytes: number;
  /** Of the layers of the store alone. */
  readonly storeBytes: number;
}

/** What is wanted back, and why. */
export interface Need {
  readonly bytes: number;
  readonly reason: ImageGcReason;
}

/**
 * How much a collection has to free. Pure.
 *
 * Over a high watermark (strictly, as in Mesos) it is what lies above the low one, so that the next pull does not
 * start the next collection. A pull that found no space asks at least for what lies between the two marks, whatever
 * they say of the file system: a quota or a lack of inodes is no usage.
 */
export function needOf(settings: ImageGcSettings, trigger: ImageGcTrigger, fullness: Fullness): Need {
  const { highWatermark: high, lowWatermark: low, maxStoreBytes } = settings;
  const { usedBytes, totalBytes, storeBytes } = fullness;
  const disk = isDiskOver(settings, fullness) ? usedBytes - low * totalBytes : 0;
  // A cap without room below it would be hit again by the next pull.
  const room = high === 0 ? 1 : low / high;
  const store = isStoreOver(settings, fullness) ? storeBytes - maxStoreBytes! * room : 0;
  const full = trigger === 'disk-full' ? Math.max(1, (high - low) * totalBytes) : 0;
  const bytes = Math.ceil(Math.max(disk, store, full));
  if (bytes <= 0) return { bytes: 0, reason: 'below_watermark' };
  if (full >= Math.max(disk, store)) return { bytes, reason: 'disk_full' };
  return { bytes, reason: disk >= store ? 'high_watermark' : 'store_size' };
}

/** Whether there is something to collect for, or still is after a collection. */
export function isOver(settings: ImageGcSettings, fullness: Fullness): boolean {
  return isDiskOver(settings, fullness) || isStoreOver(settings, fullness);
}

function isDiskOver({ highWatermark }: ImageGcSettings, { usedBytes, totalBytes }: Fullness): boolean {
  return usedBytes > highWatermark * totalBytes;
}

function isStoreOver({ maxStoreBytes }: ImageGcSettings, { storeBytes }: Fullness): boolean {
  return maxStoreBytes !== undefined && storeBytes > maxStoreBytes;
}
