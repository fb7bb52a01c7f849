import { ImageError } from '@keelson/image';
import { parseExclusions } from '@keelson/store';
import { AgentError } from './agent-error.js';
import { list, optional, shape } from './schema/composed-schema.js';
import { SchemaError, shown } from './schema/schema-error.js';
import type { Schema } from './schema/schema.js';
import { measure, text, whole } from './schema/schema.js';

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

const fraction = { unit: 'parts of the file system', minimum: 0, maximum: 1 } as const;

/** An image in whatever way users write it. */
const reference: Schema<string> = {
  ...text({ description: 'An image, as users write references.' }),
  read: (value, field) => {
    if (typeof value !== 'string') throw new SchemaError(field, shown(value), 'must be a reference of an image');
    try {
      parseExclusions([value]);
      return value;
    } catch (error) {
      if (!(error instanceof ImageError)) throw error;
      throw new SchemaError(field, shown(value), error.message);
    }
  },
};

/** The fields of `imageGc` as they are written in a file. Mirrors `ImageGcConfig`. */
export const imageGcSchema: Schema<ImageGcConfig> = shape(
  {
    diskHeadroom: optional(
      measure({ ...fraction, description: 'What is to stay free; the same as a highWatermark of 1 minus this.' }),
    ),
    watchIntervalMs: optional(
      whole({
        description: 'How often to look.',
        unit: 'milliseconds',
        minimum: 1_000,
        maximum: 604_800_000,
        default: 300_000,
      }),
    ),
    excludedImages: optional(list(reference, { description: 'Images that no prune takes.', maxItems: 10_000 })),
    highWatermark: optional(
      measure({ ...fraction, description: 'Above this much used, images are collected.', default: 0.85 }),
    ),
    lowWatermark: optional(
      measure({ ...fraction, description: 'Down to this. Without it: 0.05 below the high watermark.' }),
    ),
    minAgeMs: optional(
      whole({
        description: 'Images pulled or used within this time stay.',
        unit: 'milliseconds',
        minimum: 0,
        maximum: 3_153_600_000_000,
        default: 120_000,
      }),
    ),
    maxStoreBytes: optional(
      whole({
        description: 'What the layers may take, whatever the file system has left. Without it: no limit.',
        unit: 'bytes',
        minimum: 1,
        maximum: Number.MAX_SAFE_INTEGER,
      }),
    ),
  },
  { description: 'When the agent removes images by itself. Without it: never.' },
);

/**
 * Checks the configuration of image collection, and fills in the defaults. Names of images are checked here and not at
 * each run: a collector that always fails would be noticed on a full disk (T29).
 *
 * @throws AgentError CONFIG_INVALID  naming the field, its unit and its bounds
 */
export function imageGcSettings(config?: ImageGcConfig): ImageGcSettings {
  if (config === undefined) return { ...imageGcSettings({}), enabled: false };
  try {
    return settingsFrom(imageGcSchema.read(config, 'imageGc'));
  } catch (error) {
    if (!(error instanceof SchemaError)) throw error;
    throw new AgentError('CONFIG_INVALID', `cannot set up an agent: ${error.message}`, { cause: error });
  }
}

function settingsFrom(config: ImageGcConfig): ImageGcSettings {
  const { diskHeadroom, excludedImages = [], watchIntervalMs = 300_000, minAgeMs = 120_000, maxStoreBytes } = config;
  if (diskHeadroom !== undefined && config.highWatermark !== undefined) {
    const rule = 'says the same as highWatermark: give one of them';
    throw new SchemaError('imageGc.diskHeadroom', shown(diskHeadroom), rule);
  }
  const highWatermark = config.highWatermark ?? (diskHeadroom === undefined ? 0.85 : less(1, diskHeadroom));
  const lowWatermark = config.lowWatermark ?? less(highWatermark, 0.05);
  if (lowWatermark > highWatermark) {
    const rule = `must not be above the high watermark, ${highWatermark}`;
    throw new SchemaError('imageGc.lowWatermark', shown(lowWatermark), rule);
  }
  return { enabled: true, watchIntervalMs, excludedImages, highWatermark, lowWatermark, minAgeMs, maxStoreBytes };
}

/** Without the dust of binary fractions, which people would meet in messages. */
function less(value: number, by: number): number {
  return Math.max(0, Math.round((value - by) * 1e9) / 1e9);
}
