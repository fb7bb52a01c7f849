import { ImageError } from '@keelson/image';
import { parseExclusions } from '@keelson/store';
import { AgentError } from './agent-error.js';

/**
 * When and how much the agent collects images by itself. Absent, it does not, as in Mesos; an empty object turns it
 * on with the defaults. Mirrors Mesos `ImageGcConfig`, with bounds on what Mesos left open (T19).
 */
export interface ImageGcConfig {
  /** Fraction of the file system that is to stay free, 0 to 1: the same as a high watermark of 1 minus this. */
  readonly diskHeadroom?: number;
  /** How often to look, 1,000 to 604,800,000 ms. Default 300,000. */
  readonly watchIntervalMs?: number;
  /** Images that no collection takes, as users write references. */
  readonly excludedImages?: readonly string[];
  /** Fraction of the file system above which it collects, above 0 to 1. Default 0.85. */
  readonly highWatermark?: number;
  /** Fraction down to which it collects, 0 to the high watermark. Default 0.05 below that. */
  readonly lowWatermark?: number;
  /** Images pulled or used within this time stay, 0 to 3,153,600,000,000 ms. Default 120,000. */
  readonly minAgeMs?: number;
  /** The layers may take no more than this, whatever the file system has left, 1 byte or more. Default: no limit. */
  readonly maxStoreBytes?: number;
}

/** A checked configuration with every default filled in. */
export interface ImageGcSettings {
  /** False: nothing runs by itself; asked for, the defaults apply. */
  readonly enabled: boolean;
  readonly watchIntervalMs: number;
  readonly excludedImages: readonly string[];
  readonly highWatermark: number;
  readonly lowWatermark: number;
  readonly minAgeMs: number;
  readonly maxStoreBytes: number | undefined;
}

const bounds = {
  diskHeadroom: { least: 0, most: 1, unit: 'a fraction of the file system' },
  watchIntervalMs: { least: 1_000, most: 604_800_000, unit: 'milliseconds' },
  highWatermark: { least: 0, most: 1, unit: 'a fraction of the file system' },
  lowWatermark: { least: 0, most: 1, unit: 'a fraction of the file system' },
  minAgeMs: { least: 0, most: 3_153_600_000_000, unit: 'milliseconds' },
  maxStoreBytes: { least: 1, most: Number.MAX_SAFE_INTEGER, unit: 'bytes' },
} as const;
const known: readonly string[] = [...Object.keys(bounds), 'excludedImages'];

/**
 * Checks the configuration of image collection, which may come from a file, and fills in the defaults.
 *
 * @throws AgentError CONFIG_INVALID  naming the field, its unit and its bounds
 */
export function imageGcSettings(config?: ImageGcConfig): ImageGcSettings {
  if (config === undefined) return { ...imageGcSettings({}), enabled: false };
  if (typeof config !== 'object' || config === null || Array.isArray(config)) {
    refuse('imageGc', config, 'must be an object');
  }
  for (const field of Object.keys(config)) {
    if (!known.includes(field)) refuse(`imageGc.${field}`, undefined, `is not one of ${known.join(', ')}`);
  }
  for (const [field, { least, most, unit }] of Object.entries(bounds)) {
    const value: unknown = config[field as keyof typeof bounds];
    if (value === undefined) continue;
    if (typeof value === 'number' && value >= least && value <= most) continue;
    refuse(`imageGc.${field}`, value, `must be ${unit} from ${least} to ${most}`);
  }
  const { diskHeadroom, excludedImages = [], watchIntervalMs = 300_000, minAgeMs = 120_000, maxStoreBytes } = config;
  if (diskHeadroom !== undefined && config.highWatermark !== undefined) {
    refuse('imageGc.diskHeadroom', diskHeadroom, 'says the same as highWatermark: give one of them');
  }
  const highWatermark = config.highWatermark ?? (diskHeadroom === undefined ? 0.85 : less(1, diskHeadroom));
  const lowWatermark = config.lowWatermark ?? less(highWatermark, 0.05);
  if (lowWatermark > highWatermark) {
    refuse('imageGc.lowWatermark', lowWatermark, `must not be above the high watermark, ${highWatermark}`);
  }
  requireReferences(excludedImages);
  return { enabled: true, watchIntervalMs, excludedImages, highWatermark, lowWatermark, minAgeMs, maxStoreBytes };
}

/** Without the dust of binary fractions, which people would meet in messages. */
function less(fraction: number, by: number): number {
  return Math.max(0, Math.round((fraction - by) * 1e9) / 1e9);
}

/** At the start and not at each run: a collector that fails every time would be noticed on a full disk (T29). */
function requireReferences(names: unknown): void {
  if (!Array.isArray(names) || names.some((name) => typeof name !== 'string')) {
    refuse('imageGc.excludedImages', names, 'must be a list of image references');
  }
  for (const name of names) {
    try {
      parseExclusions([name]);
    } catch (error) {
      if (!(error instanceof ImageError)) throw error;
      refuse('imageGc.excludedImages', name, error.message);
    }
  }
}

function refuse(field: string, value: unknown, rule: string): never {
  const shown = value === undefined ? '' : ` is ${JSON.stringify(value)}, but`;
  throw new AgentError('CONFIG_INVALID', `cannot set up an agent: ${field}${shown} ${rule}`);
}
