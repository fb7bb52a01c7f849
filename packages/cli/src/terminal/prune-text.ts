import type { PrunePlan, PruneReport } from '@keelson/agent';
import { formatBytes, formatDuration } from './bytes.js';
import type { Paint } from './paint.js';

interface Removal {
  readonly images: readonly { readonly reference: string; readonly uniqueBytes: number }[];
  readonly layers: readonly { readonly id: string; readonly sizeBytes: number }[];
}

interface Reasoned {
  readonly object: string;
  readonly why: string;
}

const shortIdLength = 12;

/** A plan for people: what goes, what stays and why, and how to do exactly this. */
export function planLines(plan: PrunePlan, paint: Paint): readonly string[] {
  const { images, layers } = plan.remove;
  const nothing = images.length + layers.length === 0;
  return [
    ...removalLines('remove', plan.remove, paint),
    ...reasonLines('keep', 'green', plan.keep, paint),
    ...unmatchedLines(plan.unmatchedExclusions, paint),
    nothing
      ? 'Nothing to remove.'
      : `Would free ${formatBytes(plan.uniqueBytes)}. To do exactly this: keelson prune --apply ${plan.hash}`,
  ];
}

/** What a prune did, for people. */
export function reportLines(report: PruneReport, paint: Paint): readonly string[] {
  const { images, layers } = report.removed;
  const { planned, unlinked } = report.bytes;
  const freed = unlinked > 0 ? `unlinked ${formatBytes(unlinked)}` : `freeing ${formatBytes(planned)}`;
  return [
    ...removalLines('removed', report.removed, paint),
    ...reasonLines('kept', 'green', report.kept, paint),
    ...reasonLines('skipped', 'yellow', report.skipped, paint),
    ...unmatchedLines(report.unmatchedExclusions, paint),
    images.length + layers.length === 0
      ? 'Nothing to remove.'
      : `${count(images.length, 'image')} and ${count(layers.length, 'layer')} gone, ${freed}; ` +
        `the store was held for ${formatDuration(report.lockHeldMs)}.`,
  ];
}

/** `3 layers`, `1 layer`. */
export function count(number: number, noun: string): string {
  return `${number} ${noun}${number === 1 ? '' : 's'}`;
}

/** A layer id as people read it; anything else as it is. */
export function shortObject(object: string): string {
  return /^[0-9a-f]{64}$/.test(object) ? object.slice(0, shortIdLength) : object;
}

function removalLines(verb: string, removal: Removal, paint: Paint): readonly string[] {
  return [
    ...removal.images.map((image) => line(verb, 'red', image.reference, `${formatBytes(image.uniqueBytes)} of its own`, paint)),
    ...removal.layers.map((layer) => line(verb, 'red', shortObject(layer.id), formatBytes(layer.sizeBytes), paint)),
  ];
}

function reasonLines(verb: string, colour: 'green' | 'yellow', verdicts: readonly Reasoned[], paint: Paint): readonly string[] {
  return verdicts.map(({ object, why }) => line(verb, colour, shortObject(object), why, paint));
}

function unmatchedLines(unmatched: readonly string[], paint: Paint): readonly string[] {
  return unmatched.map((exclusion) => line('note', 'yellow', exclusion, 'excluded, but no such image is here', paint));
}

function line(verb: string, colour: 'red' | 'green' | 'yellow', object: string, note: string, paint: Paint): string {
  return `${paint(colour, verb.padEnd(8))}${object}  ${paint('gray', note)}`;
}
