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
    ...aligned(
      [...removals('remove', plan.remove), ...verdicts('keep', 'green', plan.keep), ...unmatched(plan)],
      paint,
    ),
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
  const rows = [
    ...removals('removed', report.removed),
    ...verdicts('kept', 'green', report.kept),
    ...verdicts('skipped', 'yellow', report.skipped),
    ...unmatched(report),
  ];
  return [
    ...aligned(rows, paint),
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

/** A layer id as people read it (and as `why` takes it); anything else as it is. */
export function shortObject(object: string): string {
  return /^[0-9a-f]{64}$/.test(object) ? `layer ${object.slice(0, shortIdLength)}` : object;
}

/** One line: what happens to what, and why. */
interface Row {
  readonly verb: string;
  readonly colour: 'red' | 'green' | 'yellow';
  readonly object: string;
  readonly note: string;
}

function removals(verb: string, { images, layers }: Removal): readonly Row[] {
  const row = (object: string, note: string): Row => ({ verb, colour: 'red', object, note });
  return [
    ...images.map((image) => row(image.reference, `${formatBytes(image.uniqueBytes)} of its own`)),
    ...layers.map((layer) => row(shortObject(layer.id), formatBytes(layer.sizeBytes))),
  ];
}

function verdicts(verb: string, colour: Row['colour'], reasoned: readonly Reasoned[]): readonly Row[] {
  return reasoned.map(({ object, why }) => ({ verb, colour, object: shortObject(object), note: why }));
}

function unmatched({
  unmatchedExclusions,
}: {
  readonly unmatchedExclusions: readonly string[];
}): readonly Row[] {
  const note = 'excluded, but no such image is here';
  return unmatchedExclusions.map((object) => ({ verb: 'note', colour: 'yellow', object, note }));
}

function aligned(rows: readonly Row[], paint: Paint): readonly string[] {
  const width = Math.max(0, ...rows.map(({ object }) => object.length));
  return rows.map(({ verb, colour, object, note }) => {
    return `${paint(colour, verb.padEnd(8))}${object.padEnd(width)}  ${paint('gray', note)}`;
  });
}
