import { describe, expect, it } from 'vitest';
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
    expect(imageGcMetric('image_gc/duration_ms/sweep')).toMatchObject({
      name: 'image_gc_duration_seconds',
      labels: { phase: 'sweep' },
      scale: 0.001,
    });
    expect(imageGcMetric('image_gc/repulls')?.name).toBe('image_repull_after_gc_total');
    expect(imageGcMetric('store/prunes')).toBeUndefined();
  });
});
