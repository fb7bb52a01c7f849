import type { MetricsSnapshot } from '@keelson/process';
import type { MetricFamily, Sample } from './metrics/prometheus.js';

const kinds = {
  wait: 'How long those who provision, destroy or prune stood before the lock, over the last hour.',
  hold: 'How long they held it.',
} as const;
const quantiles = { p50: '0.5', p90: '0.9', p99: '0.99', p999: '0.999' } as const;
const named = /^provisioner\/gate_(wait|hold)\/([a-z]+)_ms(?:\/([a-z0-9]+))?$/;

/** Whether `gateFamilies` tells it. */
export function isGateMetric(metric: string): boolean {
  return named.test(metric);
}

/** The lock between prunes and everybody else, as Prometheus summaries in seconds. Pure. */
export function gateFamilies(snapshot: MetricsSnapshot, prefix: string): readonly MetricFamily[] {
  return Object.entries(kinds).map(([kind, help]) => ({
    name: `${prefix}store_gate_${kind}_seconds`,
    help,
    type: 'summary',
    samples: Object.entries(snapshot).flatMap(([metric, value]): Sample[] => {
      const [, of, op, statistic = ''] = named.exec(metric) ?? [];
      if (of !== kind || op === undefined) return [];
      if (statistic === 'count') return [{ labels: { op }, suffix: '_count', value }];
      const quantile = quantiles[statistic as keyof typeof quantiles];
      return quantile === undefined ? [] : [{ labels: { op, quantile }, value: value / 1_000 }];
    }),
  }));
}
