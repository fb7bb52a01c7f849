import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DemoRegistry } from '../../packages/cli/dist/demo/demo-registry.js';
import { OciContent } from '../../packages/cli/dist/demo/oci-content.js';

const architecture = { x64: 'amd64', ia32: '386' }[process.arch] ?? process.arch;

/**
 * A registry with images over one base, of which `moved` can be made to mean another one; and a layout folder with the
 * image `one`.
 */
export async function serveFaultImages(folder) {
  const content = new OciContent();
  const layer = (files, more = []) => content.addLayer(tree(files, more));
  const base = layer({ 'bin/tool': 'tool\n'.repeat(50), 'etc/conf': 'base\n' }, [
    { kind: 'symlink', path: 'bin/link', target: 'tool' },
    { kind: 'directory', path: 'var' },
  ]);
  const names = ['left', 'right', 'one'];
  const tops = names.map((name) => layer({ [`srv/${name}/data`]: `${name}\n`.repeat(20), 'etc/name': name }));
  const platform = { os: 'linux', architecture };
  const manifests = tops.map((top) => content.addImage(platform, [base, top], { Cmd: ['/bin/tool'] }));
  content.tag('faults/left', '1', manifests[0]);
  content.tag('faults/right', '1', manifests[1]);
  const move = (to) => content.tag('faults/moved', '1', manifests[to]);
  move(0);
  const registry = await DemoRegistry.listen(content);
  return {
    move,
    close: () => registry.close(),
    reference: (name) => `${registry.host}/faults/${name}:1`,
    source: `oci:${writeLayout(folder, content, manifests[2])}:one`,
  };
}

function tree(files, more) {
  const paths = Object.keys(files);
  const parents = new Set(paths.flatMap((path) => path.split('/').slice(0, -1).map((_, at, all) => all.slice(0, at + 1).join('/'))));
  return [
    ...[...parents].toSorted().map((path) => ({ kind: 'directory', path })),
    ...paths.map((path) => ({ kind: 'file', path, content: Buffer.from(files[path]) })),
    ...more,
  ];
}

function writeLayout(folder, content, manifest) {
  const blobs = join(folder, 'blobs/sha256');
  mkdirSync(blobs, { recursive: true });
  const put = (digest) => writeFileSync(join(blobs, digest.slice('sha256:'.length)), content.blob(digest).bytes);
  const { config, layers } = JSON.parse(Buffer.from(content.blob(manifest.digest).bytes).toString());
  for (const { digest } of [manifest, config, ...layers]) put(digest);
  const annotations = { 'org.opencontainers.image.ref.name': 'one' };
  writeFileSync(join(folder, 'oci-layout'), '{"imageLayoutVersion":"1.0.0"}');
  writeFileSync(join(folder, 'index.json'), JSON.stringify({ schemaVersion: 2, manifests: [{ ...manifest, annotations }] }));
  return folder;
}
