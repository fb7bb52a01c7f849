import { describe, expect, it } from 'vitest';
import { processLimits } from '@keelson/containerizer';

const limits =
  'Limit                     Soft Limit           Hard Limit           Units\n' +
  'Max open files            1024                 4096                 files\n';

describe('processLimits', () => {
  it('keeps of the default capabilities those in our bounding set', () => {
    // Bits 0 (CHOWN), 5 (KILL) and 21 (SYS_ADMIN, no default).
    expect(processLimits('CapBnd:\t0000000000200021\n', limits).capabilities).toEqual([
      'CAP_CHOWN',
      'CAP_KILL',
    ]);
    expect(processLimits('CapBnd:\t000001ffffffffff\n', limits).capabilities).toHaveLength(14);
  });

  it('tells the hard limit of open files, or that there is none', () => {
    expect(processLimits('', limits).openFilesHard).toBe(4096);
    expect(processLimits('', limits.replace('4096     ', 'unlimited'))).not.toHaveProperty('openFilesHard');
  });
});
