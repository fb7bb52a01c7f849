import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { DemoRegistry } from '../../../packages/cli/dist/demo/demo-registry.js';
import { OciContent } from '../../../packages/cli/dist/demo/oci-content.js';

const busybox = '/bin/busybox';
const architectures = { x64: 'amd64', ia32: '386' };

/**
 * A registry on loopback with images that share layers: a static busybox is under all, one of two middle layers under
 * most, and each has one of its own.
 *
 * @returns `{ registry, images: [{ reference, name, layers: [{ id, blob, files }] }] }` with chain ids, blobs and contents by path
 */
export async function serveImages(count = 8) {
  const content = new OciContent();
  const program = readFileSync(busybox);
  const base = layerOf(content, { 'bin/busybox': program, 'etc/passwd': 'root:x:0:0::/root:/bin/sh\n' }, [
    ...['sh', 'sleep', 'cat', 'echo'].map((name) => ({ kind: 'symlink', path: `bin/${name}`, target: 'busybox' })),
    ...['proc', 'sys', 'dev', 'tmp'].map((path) => ({ kind: 'directory', path })),
  ]);
  const middle = ['left', 'right'].map((name) => layerOf(content, filesOf(`usr/share/${name}`, name, 30)));

  const images = Array.from({ length: count }, (_, index) => {
    const name = `image-${index}`;
    const own = layerOf(content, { 'etc/image': `${name}\n`, ...filesOf(`usr/share/${name}`, name, 20) });
    const layers = index === 0 ? [base, own] : [base, middle[index % 2], own];
    const platform = { os: 'linux', architecture: architectures[process.arch] ?? process.arch };
    const config = { Cmd: ['/bin/sh'], Env: ['PATH=/bin'], WorkingDir: '/' };
    content.tag(`soak/${name}`, '1', content.addImage(platform, layers.map(({ packed }) => packed), config));
    return { name, layers: withChainIds(layers) };
  });
  const registry = await DemoRegistry.listen(content);
  return { registry, images: images.map((image) => ({ ...image, reference: `${registry.host}/soak/${image.name}:1` })) };
}

/** What is wrong with an image of which every layer should be there, file by file; `undefined` when it is whole. */
export function damageOf(root, image) {
  for (const { id, files } of image.layers) {
    for (const [path, wanted] of Object.entries(files)) {
      const place = join(root, 'store/docker/layers', id, 'rootfs', path);
      try {
        if (!readFileSync(place).equals(Buffer.from(wanted))) return `${place} has other contents`;
      } catch (error) {
        return `${place} cannot be read: ${error.code}`;
      }
    }
  }
  return undefined;
}

function layerOf(content, files, more = []) {
  const entries = Object.entries(files).map(([path, text]) => ({
    kind: 'file',
    path,
    content: Buffer.from(text),
    ...(path.startsWith('bin/') && { mode: 0o755 }),
  }));
  return { packed: content.addLayer([...parentsOf(entries), ...entries, ...more]), files };
}

function filesOf(folder, name, count) {
  return Object.fromEntries(Array.from({ length: count }, (_, index) => [`${folder}/${index}`, `${name} ${index}\n`.repeat(50)]));
}

function parentsOf(entries) {
  const parents = new Set(entries.flatMap(({ path }) => path.split('/').slice(0, -1).map((_, index, all) => all.slice(0, index + 1).join('/'))));
  return [...parents].toSorted().map((path) => ({ kind: 'directory', path }));
}

/** The chain id of OCI image-spec config.md: the digest of the one below and the diff id. */
function withChainIds(layers) {
  let below;
  return layers.map(({ packed, files }) => {
    below = below === undefined ? packed.diffId : `sha256:${createHash('sha256').update(`${below} ${packed.diffId}`).digest('hex')}`;
    return { id: below.slice('sha256:'.length), blob: packed.descriptor.digest, files };
  });
}
