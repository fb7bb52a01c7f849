type Version = readonly [number, number, number];

interface Advisory {
  readonly runtime: 'crun' | 'runc';
  readonly name: string;
  /** First fixed release of each supported line; everything before the first of them is affected. */
  readonly fixedIn: readonly Version[];
}

/** Escapes from a container that were fixed in the runtimes. Source: their release notes and advisories. */
const advisories: readonly Advisory[] = [
  { runtime: 'runc', name: 'CVE-2024-21626', fixedIn: [[1, 1, 12]] },
  {
    runtime: 'runc',
    name: 'CVE-2025-31133, CVE-2025-52565, CVE-2025-52881',
    fixedIn: [
      [1, 2, 8],
      [1, 3, 3],
    ],
  },
  { runtime: 'crun', name: 'CVE-2025-24965', fixedIn: [[1, 20, 0]] },
];

/**
 * A sentence about known escapes of a runtime, `undefined` when none is known for its version.
 * Distributions fix old versions without a new number, so this is a reason to look, not a proof.
 *
 * @param versionText  what `--version` printed
 */
export function runtimeAdvisory(runtime: 'crun' | 'runc', versionText: string): string | undefined {
  const [, major, minor, patch = '0'] = /version (\d+)\.(\d+)(?:\.(\d+))?/.exec(versionText) ?? [];
  if (major === undefined) return undefined;
  const version: Version = [Number(major), Number(minor), Number(patch)];
  const names = advisories
    .filter((advisory) => advisory.runtime === runtime && isAffected(version, advisory.fixedIn))
    .map(({ name }) => name);
  if (names.length === 0) return undefined;
  return `${runtime} ${version.join('.')} may let containers escape (${names.join(', ')}) unless it was patched`;
}

/** Below the fix of its own line, or older than every line that was fixed. */
function isAffected([major, minor, patch]: Version, fixedIn: readonly Version[]): boolean {
  const line = fixedIn.find(([a, b]) => a === major && b === minor);
  if (line) return patch < line[2];
  return fixedIn.every(([a, b]) => major < a || (major === a && minor < b));
}
