import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/**
 * Writes an OCI layout folder with one image a name, all over the same base layer, or with one layer of nothing else.
 *
 * @returns the source text of an image, `oci:FOLDER:NAME`
 */
export function writeLayout(
  folder: string,
  names: readonly string[],
  { layers: most = 2 }: { readonly layers?: 1 | 2 } = {},
): (name: string) => string {
  mkdirSync(join(folder, 'blobs/sha256'), { recursive: true });
  const blob = (mediaType: string, bytes: Uint8Array) => {
    const hex = createHash('sha256').update(bytes).digest('hex');
    writeFileSync(join(folder, 'blobs/sha256', hex), bytes);
    return { mediaType, digest: `sha256:${hex}`, size: bytes.length };
  };
  const json = (mediaType: string, value: unknown) => blob(mediaType, Buffer.from(JSON.stringify(value)));
  const layer = (name: string) => {
    const tree = join(folder, `tree-${name}`);
    mkdirSync(join(tree, 'etc'), { recursive: true });
    writeFileSync(join(tree, 'etc', name), `I am ${name}\n`.repeat(1000));
    const archive = execFileSync('tar', ['-C', tree, '-cf', '-', '.']);
    return blob('application/vnd.oci.image.layer.v1.tar', archive);
  };
  const base = layer('base');
  const manifests = names.map((name) => {
    const layers = [base, ...(most > 1 ? [layer(name)] : [])];
    const rootfs = { type: 'layers', diff_ids: layers.map(({ digest }) => digest) };
    const config = json('application/vnd.oci.image.config.v1+json', {
      os: 'linux',
      architecture: goArchitecture(),
      config: {},
      rootfs,
    });
    const manifest = json('application/vnd.oci.image.manifest.v1+json', { schemaVersion: 2, config, layers });
    return { ...manifest, annotations: { 'org.opencontainers.image.ref.name': name } };
  });
  writeFileSync(join(folder, 'oci-layout'), '{"imageLayoutVersion":"1.0.0"}');
  writeFileSync(join(folder, 'index.json'), JSON.stringify({ schemaVersion: 2, manifests }));
  return (name) => `oci:${folder}:${name}`;
}

function goArchitecture(): string {
  return { x64: 'amd64', ia32: '386' }[process.arch as string] ?? process.arch;
}
