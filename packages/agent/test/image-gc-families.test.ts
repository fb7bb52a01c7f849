import { describe, expect, it } from 'vitest';
import { gateFamilies, isGateMetric } from '../src/gate-families.js';
import { imageGcMetric } from '../src/image-gc-families.js';

describe('the metrics of image collection in Prometheus', () => {
  it('label a run by what started it, how it ended and why, and freed bytes by how they are known', () => {
    expect(imageGcMetric('image_gc/attempts/interval/noop/below_watermark')).toMatchObject({
      name: 'image_gc_attempts_total',
      labels: { trigger: 'interval', result: 'noop', reason: 'below_watermark' },
    });
    expect(imageGcMetric('image_gc/freed_bytes/unlinked')).toMatchObject({
      name: 'image_gc_freed_bytes_total',
      labels: { kind: 'unlinked' },
    });
    expect(imageGcMetric('image_gc/repulls')?.name).toBe('image_repull_after_gc_total');
    expect(imageGcMetric('store/prunes')).toBeUndefined();
  });

  it('tell the waiting at the lock as summaries in seconds', () => {
    const snapshot = {
      'provisioner/gate_wait/prune_ms': 4,
      'provisioner/gate_wait/prune_ms/p99': 20,
      'provisioner/gate_wait/prune_ms/count': 7,
      'provisioner/gate_hold/provision_ms/p50': 3,
    };
    expect(Object.keys(snapshot).every(isGateMetric)).toBe(true);
    expect(isGateMetric('provisioner/gate_waiting')).toBe(false);
    expect(gateFamilies(snapshot, 'k_').map(({ name, samples }) => ({ name, samples }))).toEqual([
      {
        name: 'k_store_gate_wait_seconds',
        samples: [
          { labels: { op: 'prune', quantile: '0.99' }, value: 0.02 },
          { labels: { op: 'prune' }, suffix: '_count', value: 7 },
        ],
      },
      { name: 'k_store_gate_hold_seconds', samples: [{ labels: { op: 'provision', quantile: '0.5' }, value: 0.003 }] },
    ]);
  });
});
