import { execFile } from 'node:child_process';
import * as fs from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { digestOf } from '../../packages/image/dist/index.js';
import { mountOverlayTree } from '../../packages/os/dist/overlay-mounting.js';
import { unmount } from '../../packages/os/dist/system-calls/index.js';
import copyLayers from '../../packages/provisioner/dist/workers/copy-layers.js';
import unpackLayer from '../../packages/store/dist/workers/unpack-layer.js';

const run = promisify(execFile);

/** Unpacks the archives one over the other into `folder`, as a pull does. Base first. */
export async function unpackStack(folder, archives) {
  const layers = [];
  for (const [index, bytes] of archives.entries()) {
    const target = join(folder, `layer-${index}`);
    fs.mkdirSync(target);
    const blobPath = `${target}.tar`;
    fs.writeFileSync(blobPath, bytes);
    const request = { blobPath, compression: 'none', target, lower: layers, expectedDiffId: digestOf(bytes), privileged: true };
    const { whiteouts, opaques } = await unpackLayer(request);
    layers.push({ rootfs: join(target, 'rootfs'), whiteouts, opaques });
  }
  return layers;
}

/** The root filesystem that the copy backend makes. */
export function withCopy(folder, layers, look) {
  const target = join(folder, 'copy');
  copyLayers({ layers, target });
  return look(target);
}

/** The one that the overlay backend mounts. */
export function withOverlay(folder, layers, look) {
  const [upper, work, target] = ['upper', 'work', 'overlay'].map((name) => join(folder, name));
  const { mode, uid, gid } = fs.statSync(layers.at(-1).rootfs);
  for (const path of [upper, work, target]) fs.mkdirSync(path);
  // As the backend does.
  fs.chownSync(upper, uid, gid);
  fs.chmodSync(upper, mode & 0o7777);
  mountOverlayTree({ lower: layers.map(({ rootfs }) => rootfs).toReversed(), upper, work, target });
  try {
    return look(target);
  } finally {
    unmount(target, { lazy: true });
  }
}

/** What umoci makes of the same archives: an OCI layout, unpacked by `umoci raw unpack`. */
export async function withUmoci(folder, archives, look) {
  const layout = join(folder, 'layout');
  fs.mkdirSync(join(layout, 'blobs/sha256'), { recursive: true });
  const put = (bytes, mediaType) => {
    const digest = digestOf(bytes);
    fs.writeFileSync(join(layout, 'blobs/sha256', digest.slice('sha256:'.length)), bytes);
    return { mediaType, digest, size: bytes.length };
  };
  const putJson = (document, mediaType) => put(Buffer.from(JSON.stringify(document)), mediaType);
  const type = 'application/vnd.oci.image';
  const layers = archives.map((bytes) => put(bytes, `${type}.layer.v1.tar`));
  const rootfs = { type: 'layers', diff_ids: layers.map(({ digest }) => digest) };
  const config = putJson({ architecture: 'amd64', os: 'linux', config: {}, rootfs }, `${type}.config.v1+json`);
  const manifest = putJson({ schemaVersion: 2, mediaType: `${type}.manifest.v1+json`, config, layers }, `${type}.manifest.v1+json`);
  const annotations = { 'org.opencontainers.image.ref.name': 'stack' };
  fs.writeFileSync(join(layout, 'oci-layout'), '{"imageLayoutVersion":"1.0.0"}');
  fs.writeFileSync(join(layout, 'index.json'), JSON.stringify({ schemaVersion: 2, manifests: [{ ...manifest, annotations }] }));
  const target = join(folder, 'umoci');
  await run('umoci', ['raw', 'unpack', '--image', `${layout}:stack`, target]);
  return look(target);
}
