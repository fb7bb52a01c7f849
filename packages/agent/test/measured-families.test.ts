import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { measuredFamilies } from '../src/metrics/measured-families.js';
import { renderPrometheus } from '../src/metrics/prometheus.js';

describe('what was measured, for Prometheus', () => {
  it('tells durations in seconds, with quantiles and their use as a label', () => {
    const text = renderPrometheus(
      measuredFamilies(
        {
          'containerizer/mesos/provisioner/docker_store/image_pull_ms': 1500,
          'containerizer/mesos/provisioner/docker_store/image_pull_ms/count': 2,
          'containerizer/mesos/provisioner/docker_store/image_pull_ms/max': 1500,
          'containerizer/mesos/provisioner/docker_store/image_pull_ms/p99': 1500,
          'provisioner/gate_wait/provision_ms/count': 3,
          'provisioner/gate_wait/provision_ms/p99': 40,
          'provisioner/gate_wait/prune_ms': 1,
          'store/images_pruned': 4,
          'store/layers_pruned': 9,
          'some/new metric': 1,
        },
        'keelson_',
      ),
    );
    expect(text.split('\n').filter((line) => !line.startsWith('# HELP'))).toEqual([
      '# TYPE keelson_image_pull_seconds summary',
      'keelson_image_pull_seconds_count 2',
      'keelson_image_pull_seconds{quantile="0.99"} 1.5',
      '# TYPE keelson_store_gate_wait_seconds summary',
      'keelson_store_gate_wait_seconds_count{op="provision"} 3',
      'keelson_store_gate_wait_seconds{op="provision",quantile="0.99"} 0.04',
      '# TYPE keelson_image_gc_removed_total counter',
      'keelson_image_gc_removed_total{object="image"} 4',
      'keelson_image_gc_removed_total{object="layer"} 9',
      '# TYPE keelson_some_new_metric untyped',
      'keelson_some_new_metric 1',
      '',
    ]);
  });

  it('keeps labels on their line, whatever is in them', () => {
    fc.assert(
      fc.property(fc.string(), fc.double(), (label, value) => {
        const family = { name: 'a', help: label, type: 'gauge', samples: [{ labels: { label }, value }] } as const;
        const lines = renderPrometheus([family]).split('\n');
        expect(lines).toHaveLength(4);
        const [, escaped, told] = /^a\{label="((?:[^"\\]|\\.)*)"\} (\S+)$/.exec(lines[2]!)!;
        expect(escaped!.replaceAll(/\\(.)/g, (_, each) => (each === 'n' ? '\n' : each))).toBe(label);
        expect(Number(told!.replace('Inf', 'Infinity'))).toBe(Object.is(value, -0) ? 0 : value);
      }),
    );
  });
});
