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
    [[], /imageGc is \[\], but must be an object/],
    [{ watchIntervalMs: 3_600e-6 }, /watchIntervalMs is 0.0036, but must be milliseconds from 1000 to 604800000/],
    [{ watchIntervalMs: 0 }, /watchIntervalMs is 0, but must be milliseconds from 1000/],
    [{ watchInterval: 5_000 }, /imageGc.watchInterval is not one of diskHeadroom, watchIntervalMs/],
    [{ diskHeadroom: 15 }, /diskHeadroom is 15, but must be a fraction of the file system from 0 to 1/],
    [{ diskHeadroom: Number.NaN }, /diskHeadroom/],
    [{ highWatermark: 0.5, lowWatermark: 0.6 }, /lowWatermark is 0.6, but must not be above the high watermark, 0.5/],
    [{ highWatermark: 0.8, diskHeadroom: 0.2 }, /diskHeadroom is 0.2, but says the same as highWatermark/],
    [{ minAgeMs: -1 }, /minAgeMs is -1/],
    [{ maxStoreBytes: '10G' }, /maxStoreBytes is "10G", but must be bytes from 1/],
    [{ excludedImages: 'alpine' }, /excludedImages is "alpine", but must be a list/],
    [{ excludedImages: ['alpine', 'Not A Name'] }, /excludedImages is "Not A Name", but/],
  ])('is refused with the field, its unit and its bounds: %o', (config, message) => {
    expect(() => imageGcSettings(config as never)).toThrow(message);
    expect(() => imageGcSettings(config as never)).toThrow(expect.objectContaining({ code: 'CONFIG_INVALID' }));
  });
});
