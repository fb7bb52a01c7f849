import { execFileSync } from 'node:child_process';
import { accessSync, constants, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import type { TestContext } from 'vitest';

/** The first executable of that name in PATH or the administrator's folders. */
export function findProgram(name: string): string | undefined {
  const folders = [...(process.env['PATH'] ?? '').split(delimiter), '/usr/sbin', '/sbin'];
  return folders.map((folder) => join(folder, name)).find(isExecutable);
}

/**
 * Skips the running test, with the reason, unless everything it needs is here.
 *
 * A need is `root`, `overlayfs`, or the name of a program.
 */
export function needs(context: Pick<TestContext, 'skip'>, ...what: readonly string[]): void {
  for (const need of what) {
    const reason = missing(need);
    if (reason !== undefined) context.skip(reason);
  }
}

/** Why `need` is not met here, `undefined` when it is. */
export function missing(need: string): string | undefined {
  if (need === 'root') return process.geteuid?.() === 0 ? undefined : 'needs root';
  if (need === 'overlayfs') return overlayReason();
  return findProgram(need) === undefined ? `${need} is not installed` : undefined;
}

let overlayVerdict: { reason: string | undefined } | undefined;

function overlayReason(): string | undefined {
  overlayVerdict ??= { reason: probeOverlay() };
  return overlayVerdict.reason;
}

function probeOverlay(): string | undefined {
  if (!readFileSync('/proc/filesystems', 'utf8').includes('overlay')) return 'the kernel offers no overlayfs';
  const folder = mkdtempSync(join(tmpdir(), 'keelson-overlay-'));
  const script =
    'cd "$1" && mkdir l u w m && mount -t overlay overlay -o lowerdir=l,upperdir=u,workdir=w m && umount m';
  try {
    execFileSync('sh', ['-c', script, 'sh', folder], { stdio: 'ignore' });
    return undefined;
  } catch {
    return 'overlayfs cannot be mounted here';
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
