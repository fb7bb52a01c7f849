import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';

const folder = fileURLToPath(new URL('..', import.meta.url));

describe('the package of the command', () => {
  it('holds the bundle, what that finds by its place, and the licences of what is in it', () => {
    const [{ files }] = JSON.parse(execFileSync('npm', ['pack', '--dry-run', '--json'], { cwd: folder, encoding: 'utf8' }));
    const shipped = new Set(files.map(({ path }: { path: string }) => path));

    expect([
      'bin/keelson.js',
      'dist/bundle/main.js',
      'dist/bundle/pool-worker.js',
      'dist/bundle/linux-init.js',
      'dist/bundle/jobs/remove-tree.js',
      'dist/bundle/workers/unpack-layer.js',
      'dist/bundle/third-party-licences.txt',
      'dist/page/index.html',
    ].filter((path) => !shipped.has(path))).toEqual([]);
  });

  it('names the licence of every package in the bundle', () => {
    const licences = readFileSync(`${folder}/dist/bundle/third-party-licences.txt`, 'utf8');

    for (const name of ['commander', 'fs-extra', 'graceful-fs', 'immer', 'rxjs', 'xstate']) {
      expect(licences).toMatch(new RegExp(`^${name} \\d+\\.\\d+\\.\\d+ \\(\\S+\\)\\n\\n\\S`, 'm'));
    }
  });

  it('depends on what the bundle asks for', () => {
    const { dependencies } = JSON.parse(readFileSync(`${folder}/package.json`, 'utf8'));

    expect(dependencies).toMatchObject({ koffi: expect.any(String), piscina: expect.any(String), ws: expect.any(String) });
  });
});
