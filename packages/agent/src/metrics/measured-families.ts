import type { MetricsSnapshot } from '@keelson/process';
import { imageGcMetric } from '../image-gc-families.js';
import type { MetricFamily, Sample } from './prometheus.js';

interface Renamed {
  readonly name: string;
  readonly help: string;
  readonly type: 'counter' | 'gauge';
  readonly labels?: Readonly<Record<string, string>>;
}

const pullTimer = 'containerizer/mesos/provisioner/docker_store/image_pull_ms';
const quantiles = { p50: '0.5', p90: '0.9', p95: '0.95', p99: '0.99', p999: '0.999' } as const;

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

/** What measured values are called in the manner of Prometheus. Others keep their name, with `_` for `/`. */
const renamed: Readonly<Record<string, Renamed>> = {
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
  'containerizer/mesos/container_destroy_errors': { ...destroyErrors, labels: { object: 'container' } },
  'containerizer/mesos/provisioner/remove_container_errors': { ...destroyErrors, labels: { object: 'rootfs' } },
  'containerizer/mesos/filesystem/containers_new_rootfs': {
    name: 'containers_with_rootfs',
    help: 'Containers that run or stand on a root filesystem of an image.',
    type: 'gauge',
  },
};

/** What the actors have measured, by the names of Prometheus. Pure. */
export function measuredFamilies(snapshot: MetricsSnapshot, prefix: string): readonly MetricFamily[] {
  const families = new Map<string, MetricFamily & { readonly samples: Sample[] }>();
  for (const [metric, value] of Object.entries(snapshot)) {
    if (metric.startsWith(pullTimer)) continue;
    const { name, help, type, labels } = renamed[metric] ?? imageGcMetric(metric) ?? asItIs(metric);
    const family = families.get(name) ?? { name: `${prefix}${name}`, help, type, samples: [] };
    family.samples.push({ value, ...(labels && { labels }) });
    families.set(name, family);
  }
  return [...families.values(), pullFamily(snapshot, prefix)];
}

function asItIs(metric: string): Omit<Renamed, 'type'> & { readonly type: 'untyped' } {
  return { name: metric.replaceAll(/[^A-Za-z0-9_]/g, '_'), help: `The metric ${metric}.`, type: 'untyped' };
}

function pullFamily(snapshot: MetricsSnapshot, prefix: string): MetricFamily {
  const told = Object.entries(quantiles).flatMap(([statistic, quantile]): Sample[] => {
    const value = snapshot[`${pullTimer}/${statistic}`];
    return value === undefined ? [] : [{ labels: { quantile }, value: value / 1000 }];
  });
  const count = snapshot[`${pullTimer}/count`];
  return {
    name: `${prefix}image_pull_seconds`,
    help: 'How long pulls took, over the last hour.',
    type: 'summary',
    samples: count === undefined ? [] : [...told, { suffix: '_count', value: count }],
  };
}
