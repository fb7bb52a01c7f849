/** How one measured value is told in the manner of Prometheus. */
export interface RenamedMetric {
  readonly name: string;
  readonly help: string;
  readonly type: 'counter' | 'gauge';
  readonly labels?: Readonly<Record<string, string>>;
  /** What a value is multiplied by: Prometheus has seconds. */
  readonly scale?: number;
}

const freed = 'image_gc/freed_bytes/';
const durations = 'image_gc/duration_ms/';
const attempts = 'image_gc/attempts/';
const others: Readonly<Record<string, RenamedMetric>> = {
  'image_gc/target_bytes': {
    name: 'image_gc_target_bytes',
    help: 'What the last collection wanted back.',
    type: 'gauge',
  },
  'image_gc/disk_used_fraction': {
    name: 'image_gc_image_fs_used_fraction',
    help: 'How full the file system of the store was at the last look.',
    type: 'gauge',
  },
  'image_gc/repulls': {
    name: 'image_repull_after_gc_total',
    help: 'Images fetched again within an hour of being collected.',
    type: 'counter',
  },
};

/** The metric of an image collection by its name in Prometheus; undefined for any other metric. Pure. */
export function imageGcMetric(metric: string): RenamedMetric | undefined {
  if (metric.startsWith(attempts)) {
    const [trigger = '', result = '', reason = ''] = metric.slice(attempts.length).split('/');
    const help = 'Collections of images, those that decided to do nothing included.';
    return { name: 'image_gc_attempts_total', help, type: 'counter', labels: { trigger, result, reason } };
  }
  if (metric.startsWith(freed)) {
    const help = 'Bytes collections gave back: planned by records, unlinked by the sweep, measured as free space.';
    return { name: 'image_gc_freed_bytes_total', help, type: 'counter', labels: { kind: metric.slice(freed.length) } };
  }
  if (metric.startsWith(durations)) {
    const help = 'How long the last collection took to plan, to detach what goes, and to sweep it.';
    const labels = { phase: metric.slice(durations.length) };
    return { name: 'image_gc_duration_seconds', help, type: 'gauge', scale: 1 / 1000, labels };
  }
  return others[metric];
}
