import type { MetricsSnapshot } from '@keelson/process';
import { keepKinds } from '@keelson/store';
import type { RenamedMetric } from '../image-gc-families.js';
import { imageGcMetric } from '../image-gc-families.js';
import type { MetricFamily, Sample } from './prometheus.js';

/** A duration: it is told in seconds, with quantiles. */
interface Timed {
  readonly metric: RegExp;
  readonly name: string;
  readonly help: string;
  /** What the group of `metric` is told as. */
  readonly label?: string;
}

const timed: readonly Timed[] = [
  {
    metric: /^containerizer\/mesos\/provisioner\/docker_store\/image_pull_ms(?:\/(\w+))?$/,
    name: 'image_pull_seconds',
    help: 'How long pulls took, over the last hour.',
  },
  {
    metric: /^containerizer\/docker\/image_pull_ms(?:\/(\w+))?$/,
    name: 'engine_image_pull_seconds',
    help: 'How long a Docker engine took to pull images, over the last hour.',
  },
  {
    metric: /^provisioner\/gate_wait\/(?<label>\w+?)_ms(?:\/(\w+))?$/,
    name: 'store_gate_wait_seconds',
    help: 'How long a use of the store waited for its lock, over the last hour.',
    label: 'op',
  },
  {
    metric: /^provisioner\/gate_hold\/(?<label>\w+?)_ms(?:\/(\w+))?$/,
    name: 'store_gate_hold_seconds',
    help: 'How long a use of the store held its lock, over the last hour.',
    label: 'op',
  },
];
const quantiles: Readonly<Record<string, string>> = {
  p50: '0.5',
  p90: '0.9',
  p95: '0.95',
  p99: '0.99',
  p999: '0.999',
};

const removed = {
  name: 'image_gc_removed_total',
  help: 'Objects that prunes have removed.',
  type: 'counter',
} as const;
const destroyErrors = {
  name: 'destroy_errors_total',
  help: 'Destructions that failed or left something behind.',
  type: 'counter',
} as const;

const leases = {
  name: 'leases',
  help: 'Who holds or waits: roots of the store, and uses of its lock.',
  type: 'gauge',
} as const;

function labelled<K extends string>(
  prefix: string,
  names: readonly K[],
  told: (name: K) => RenamedMetric,
): Readonly<Record<string, RenamedMetric>> {
  return Object.fromEntries(names.map((name) => [`${prefix}${name}`, told(name)]));
}

/** What measured values are called in the manner of Prometheus. Others keep their name, with `_` for `/`. */
const renamed: Readonly<Record<string, RenamedMetric>> = {
  'store/image_pulls_failed': { name: 'image_pulls_failed_total', help: 'Pulls that failed.', type: 'counter' },
  'store/image_pulls_joined': {
    name: 'image_pull_joined_total',
    help: 'Requests that found their pull under way.',
    type: 'counter',
  },
  'store/bytes_downloaded': { name: 'image_pull_bytes_total', help: 'Bytes of blobs fetched.', type: 'counter' },
  'store/layers_reused': { name: 'layers_reused_total', help: 'Layers a pull found here already.', type: 'counter' },
  'store/prunes': { name: 'image_gc_runs_total', help: 'Prunes that were carried out.', type: 'counter' },
  'store/prunes_failed': { name: 'image_gc_failures_total', help: 'Prunes that failed.', type: 'counter' },
  'store/images_pruned': { ...removed, labels: { object: 'image' } },
  'store/layers_pruned': { ...removed, labels: { object: 'layer' } },
  'store/layers_skipped': {
    name: 'image_gc_skipped_total',
    help: 'Layers that prunes wanted gone and could not move.',
    type: 'counter',
  },
  ...labelled('store/prune_kept/', keepKinds, (reason) => ({
    name: 'image_gc_kept_total',
    help: 'Images and layers that prunes looked at and left, by why.',
    type: 'counter',
    labels: { reason },
  })),
  ...labelled('store/roots/', ['held', 'lingering'], (state) => ({ ...leases, labels: { kind: 'root', state } })),
  ...Object.fromEntries(
    ['provision', 'destroy', 'prune'].flatMap((kind) =>
      Object.entries(
        labelled(`provisioner/gate_leases/${kind}/`, ['waiting', 'held'], (state) => ({
          ...leases,
          labels: { kind, state },
        })),
      ),
    ),
  ),
  'containerizer/mesos/container_destroy_errors': { ...destroyErrors, labels: { object: 'container' } },
  'containerizer/mesos/provisioner/remove_container_errors': { ...destroyErrors, labels: { object: 'rootfs' } },
  'containerizer/mesos/provisioner/bind/remove_rootfs_errors': {
    ...destroyErrors,
    labels: { object: 'bind_mount' },
  },
  'containerizer/mesos/filesystem/containers_new_rootfs': {
    name: 'containers_with_rootfs',
    help: 'Containers that run or stand on a root filesystem of an image.',
    type: 'gauge',
  },
};

/** What the actors have measured, by the names of Prometheus. Pure. */
export function measuredFamilies(snapshot: MetricsSnapshot, prefix: string): readonly MetricFamily[] {
  const families = new Map<string, MetricFamily & { readonly samples: Sample[] }>();
  const add = (family: Omit<MetricFamily, 'samples'>, sample?: Sample): void => {
    const known = families.get(family.name) ?? { ...family, name: `${prefix}${family.name}`, samples: [] };
    if (sample) known.samples.push(sample);
    families.set(family.name, known);
  };
  for (const [metric, value] of Object.entries(snapshot)) {
    const duration = durationOf(metric, value);
    if (duration) {
      add(duration.family, duration.sample);
      continue;
    }
    const { labels, scale = 1, ...family } = renamed[metric] ?? imageGcMetric(metric) ?? asItIs(metric);
    add(family, { value: value * scale, ...(labels && { labels }) });
  }
  return [...families.values()];
}

/** A value of a timer as one of a summary; without a sample where Prometheus has no word for it. */
function durationOf(
  metric: string,
  value: number,
): { readonly family: Omit<MetricFamily, 'samples'>; readonly sample?: Sample } | undefined {
  for (const { metric: pattern, name, help, label } of timed) {
    const match = pattern.exec(metric);
    if (!match) continue;
    const family = { name, help, type: 'summary' as const };
    const statistic = match.at(-1) ?? '';
    const labels = label === undefined ? {} : { [label]: match.groups!['label']! };
    if (statistic === 'count') return { family, sample: { suffix: '_count', labels, value } };
    const quantile = quantiles[statistic];
    if (quantile === undefined) return { family };
    return { family, sample: { labels: { ...labels, quantile }, value: value / 1000 } };
  }
  return undefined;
}

function asItIs(metric: string): Omit<RenamedMetric, 'type'> & { readonly type: 'untyped' } {
  return { name: metric.replaceAll(/[^A-Za-z0-9_]/g, '_'), help: `The metric ${metric}.`, type: 'untyped' };
}
