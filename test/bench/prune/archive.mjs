import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { tarArchive } from '../../../packages/cli/dist/demo/tar-archive.js';

/** A docker-archive of `images` images: ten bases, and over one of them a layer of `files` small files each. */
export async function writeArchive(path, { images, files }) {
  const folder = `${path}.parts`;
  mkdirSync(folder);
  const manifest = [];
  const bases = Array.from({ length: 10 }, (_, n) => writeLayer(folder, `base-${n}`, files));
  for (let n = 0; n < images; n += 1) {
    const layers = [bases[n % bases.length], writeLayer(folder, `own-${n}`, files)];
    const architecture = process.arch === 'x64' ? 'amd64' : process.arch;
    const rootfs = { type: 'layers', diff_ids: layers.map(({ digest }) => `sha256:${digest}`) };
    const config = JSON.stringify({ os: 'linux', architecture, config: { Cmd: ['true'] }, rootfs });
    const name = `${createHash('sha256').update(config).digest('hex')}.json`;
    writeFileSync(join(folder, name), config);
    manifest.push({ Config: name, RepoTags: [`registry.test/image-${n}:latest`], Layers: layers.map(({ file }) => file) });
  }
  writeFileSync(join(folder, 'manifest.json'), JSON.stringify(manifest));
  execFileSync('tar', ['-C', folder, '-cf', path, '.']);
  rmSync(folder, { recursive: true });
}

function writeLayer(folder, name, files) {
  const entries = Array.from({ length: files }, (_, file) => {
    return { kind: 'file', path: `etc/file-${file}`, content: Buffer.from(`${name} ${file}\n`) };
  });
  const bytes = tarArchive([{ kind: 'directory', path: 'etc' }, ...entries]);
  const file = `${name}.tar`;
  writeFileSync(join(folder, file), bytes);
  return { file, digest: createHash('sha256').update(bytes).digest('hex') };
}
