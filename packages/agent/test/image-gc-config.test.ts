import { imageGcSettings } from '@keelson/agent';
import { describe, expect, it } from 'vitest';

describe('the configuration of image collection', () => {
  it('is off without one, as in Mesos, and on with an empty one', () => {
    expect(imageGcSettings()).toMatchObject({ enabled: false });
    expect(imageGcSettings({})).toEqual({
      enabled: true,
      watchIntervalMs: 300_000,
      excludedImages: [],
      highWatermark: 0.85,
      lowWatermark: 0.8,
      minAgeMs: 120_000,
      maxStoreBytes: undefined,
    });
  });

  it('takes the headroom of Mesos for the high watermark', () => {
    expect(imageGcSettings({ diskHeadroom: 0.25 })).toMatchObject({ highWatermark: 0.75, lowWatermark: 0.7 });
    expect(imageGcSettings({ diskHeadroom: 1 })).toMatchObject({ highWatermark: 0, lowWatermark: 0 });
  });

  it.each([
    [[], /imageGc/],
    [{ watchIntervalMs: 3_600e-6 }, /imageGc.watchIntervalMs is 0.0036, but must be a whole number of milliseconds from 1000/],
    [{ watchIntervalMs: 0 }, /watchIntervalMs is 0, but must be a whole number of milliseconds from 1000 to 604800000/],
    [{ watchInterval: 5_000 }, /imageGc.watchInterval/],
    [{ diskHeadroom: 15 }, /imageGc.diskHeadroom is 15, but must be a number of parts of the file system from 0 to 1/],
    [{ diskHeadroom: Number.NaN }, /diskHeadroom/],
    [{ highWatermark: 0.5, lowWatermark: 0.6 }, /lowWatermark is 0.6, but must not be above the high watermark, 0.5/],
    [{ highWatermark: 0.8, diskHeadroom: 0.2 }, /diskHeadroom is 0.2, but says the same as highWatermark/],
    [{ minAgeMs: -1 }, /minAgeMs is -1/],
    [{ maxStoreBytes: '10G' }, /maxStoreBytes is "10G", but must be a whole number of bytes from 1/],
    [{ excludedImages: 'alpine' }, /excludedImages is "alpine", but must be a list/],
    [{ excludedImages: ['alpine', 'Not A Name'] }, /excludedImages\[1\] is "Not A Name", but/],
  ])('is refused with the field, its unit and its bounds: %o', (config, message) => {
    expect(() => imageGcSettings(config as never)).toThrow(message);
    expect(() => imageGcSettings(config as never)).toThrow(expect.objectContaining({ code: 'CONFIG_INVALID' }));
  });
});
