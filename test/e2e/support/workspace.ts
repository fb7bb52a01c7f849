import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** A fresh folder for test trees, in memory where the machine has room for it: trees of many files suit tmpfs best. */
export function makeWorkspace(name: string): { path: string; remove: () => void } {
  const parent = existsSync('/dev/shm') ? '/dev/shm' : tmpdir();
  const path = mkdtempSync(join(parent, `keelson-${name}-`));
  return { path, remove: () => rmSync(path, { recursive: true, force: true }) };
}
