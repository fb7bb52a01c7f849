import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

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
  const tree = join(folder, 'tree', 'etc');
  mkdirSync(tree, { recursive: true });
  for (let file = 0; file < files; file += 1) writeFileSync(join(tree, `file-${file}`), `${name} ${file}\n`);
  const file = `${name}.tar`;
  execFileSync('tar', ['-C', join(folder, 'tree'), '--sort=name', '--mtime=@0', '-cf', join(folder, file), 'etc']);
  rmSync(join(folder, 'tree'), { recursive: true });
  return { file, digest: createHash('sha256').update(readFileSync(join(folder, file))).digest('hex') };
}
