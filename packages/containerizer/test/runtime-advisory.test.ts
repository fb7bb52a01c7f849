import { runtimeAdvisory } from '@keelson/containerizer';
import { describe, expect, it } from 'vitest';

describe('runtimeAdvisory', () => {
  it.each([
    ['runc', 'runc version 1.1.5+ds1\ncommit: 1', /CVE-2024-21626.*CVE-2025-31133/],
    ['runc', 'runc version 1.1.12', /^runc 1\.1\.12 .*CVE-2025-31133/],
    ['runc', 'runc version 1.2.7', /CVE-2025-31133/],
    ['runc', 'runc version 1.3.2', /CVE-2025-31133/],
    ['crun', 'crun version 1.8.1\ncommit: f', /CVE-2025-24965/],
  ] as const)('%s: %j', (runtime, text, expected) => {
    expect(runtimeAdvisory(runtime, text)).toMatch(expected);
  });

  it.each([
    ['runc', 'runc version 1.2.8'],
    ['runc', 'runc version 1.3.3'],
    ['runc', 'runc version 1.4.0-rc.3'],
    ['crun', 'crun version 1.20'],
    ['crun', 'something else'],
  ] as const)('knows nothing against %s: %j', (runtime, text) => {
    expect(runtimeAdvisory(runtime, text)).toBeUndefined();
  });
});
