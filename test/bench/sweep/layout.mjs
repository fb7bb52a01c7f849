import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { copyFileSync, mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** An OCI layout with one image, tagged `bench`, of `layers` layers with `filesPerLayer` small files each. */
export function makeLayout(path, { layers, filesPerLayer }) {
  const blobs = join(path, 'blobs', 'sha256');
  mkdirSync(blobs, { recursive: true });
  const archives = Array.from({ length: layers }, (_, index) => makeArchive(path, index, filesPerLayer));
  const addBlob = (file) => {
    const digest = createHash('sha256').update(readFileSync(file)).digest('hex');
    copyFileSync(file, join(blobs, digest));
    return { digest: `sha256:${digest}`, size: statSync(file).size };
  };
  const addDocument = (document, mediaType) => {
    const file = join(path, 'document');
    writeFileSync(file, JSON.stringify(document));
    return { mediaType, ...addBlob(file) };
  };
  const descriptors = archives.map((archive) => ({
    mediaType: 'application/vnd.oci.image.layer.v1.tar',
    ...addBlob(archive.path),
  }));
  const architecture = process.arch === 'x64' ? 'amd64' : process.arch;
  const diffIds = descriptors.map(({ digest }) => digest);
  const config = addDocument(
    { os: 'linux', architecture, config: {}, rootfs: { type: 'layers', diff_ids: diffIds } },
    'application/vnd.oci.image.config.v1+json',
  );
  const mediaType = 'application/vnd.oci.image.manifest.v1+json';
  const manifest = addDocument({ schemaVersion: 2, mediaType, config, layers: descriptors }, mediaType);
  const annotations = { 'org.opencontainers.image.ref.name': 'bench' };
  writeFileSync(join(path, 'index.json'), JSON.stringify({ schemaVersion: 2, manifests: [{ ...manifest, annotations }] }));
  writeFileSync(join(path, 'oci-layout'), JSON.stringify({ imageLayoutVersion: '1.0.0' }));
  return { path, archives };
}

function makeArchive(path, index, files) {
  const tree = join(path, 'tree');
  for (let file = 0; file < files; file += 1) {
    const folder = join(tree, `layer-${index}`, `folder-${Math.floor(file / 20)}`);
    if (file % 20 === 0) mkdirSync(folder, { recursive: true });
    writeFileSync(join(folder, `file-${file}`), `${index} ${file}\n`);
  }
  const archive = join(path, `layer-${index}.tar`);
  execFileSync('tar', ['-C', tree, '-cf', archive, '.']);
  rmSync(tree, { recursive: true });
  return { name: `layer-${index}`, path: archive };
}
