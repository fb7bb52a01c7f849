import { execFile, execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { copyFileSync, existsSync, mkdirSync, readFileSync, renameSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { gunzipSync } from 'node:zlib';

const quietly = promisify(execFile);

/**
 * The images of the bench, as an OCI layout in `folder`. What is there from an earlier run is used again.
 *
 * | image | layers |
 * |---|---|
 * | `debian` | one of a minimal Debian (debootstrap): some 7,000 entries in 60 MB |
 * | `nodeapp` | the same, and one of 47,000 small files as npm packages have them |
 * | `forty` | busybox and 39 of 50 files each, with seven whiteouts and an opaque directory |
 */
export class Images {
  constructor(folder) {
    this.folder = folder;
    this.layout = join(folder, 'oci');
    mkdirSync(join(this.layout, 'blobs/sha256'), { recursive: true });
    writeFileSync(join(this.layout, 'oci-layout'), '{"imageLayoutVersion":"1.0.0"}');
  }

  /** Makes the image unless it is there, and answers its reference for skopeo. */
  async make(name) {
    const reference = `oci:${this.layout}:${name}`;
    if (this.#index().manifests.some((each) => each.annotations[refName] === name)) return reference;
    const layers = await { debian: () => this.#debian(), nodeapp: () => this.#nodeapp(), forty: () => this.#forty() }[name]();
    this.#tag(name, layers);
    return reference;
  }

  async #debian() {
    return [await this.#layer('debian', (root) => quietly('debootstrap', ['--variant=minbase', 'bookworm', root]))];
  }

  async #nodeapp() {
    return [...(await this.#debian()), await this.#layer('packages', (root) => writePackages(join(root, 'app/node_modules')))];
  }

  async #forty() {
    const layers = [await this.#layer('busybox', writeBusybox)];
    for (let index = 1; index < 40; index += 1) layers.push(await this.#layer(`forty-${index}`, (root) => writeFortieth(root, index)));
    return layers;
  }

  /** The packed layer, and its diff id. `fill` puts files into an empty folder. */
  async #layer(name, fill) {
    const packed = join(this.folder, `${name}.tar.gz`);
    if (!existsSync(packed)) {
      const root = join(this.folder, name);
      rmSync(root, { recursive: true, force: true });
      mkdirSync(root);
      await fill(root);
      rmSync(join(root, 'var/cache/apt/archives'), { recursive: true, force: true });
      const words = ['-C', root, '--sort=name', '--mtime=@0', '--numeric-owner', '--xattrs', '-czf', `${packed}.part`, '.'];
      await quietly('tar', words);
      renameSync(`${packed}.part`, packed);
      rmSync(root, { recursive: true });
    }
    return packed;
  }

  #tag(name, layers) {
    const descriptors = layers.map((path) => this.#blob(path, 'application/vnd.oci.image.layer.v1.tar+gzip'));
    const diffIds = layers.map((path) => digestOf(gunzipSync(readFileSync(path))));
    const architecture = process.arch === 'x64' ? 'amd64' : process.arch;
    const config = { os: 'linux', architecture, config: { Cmd: ['/bin/sh'] }, rootfs: { type: 'layers', diff_ids: diffIds } };
    const manifest = {
      schemaVersion: 2,
      mediaType: manifestType,
      config: this.#document(config, 'application/vnd.oci.image.config.v1+json'),
      layers: descriptors,
    };
    const index = this.#index();
    index.manifests.push({ ...this.#document(manifest, manifestType), annotations: { [refName]: name } });
    writeFileSync(join(this.layout, 'index.json'), JSON.stringify(index));
  }

  #index() {
    const path = join(this.layout, 'index.json');
    return existsSync(path) ? JSON.parse(readFileSync(path, 'utf8')) : { schemaVersion: 2, manifests: [] };
  }

  #document(value, mediaType) {
    const path = join(this.folder, 'document.json');
    writeFileSync(path, JSON.stringify(value));
    return this.#blob(path, mediaType);
  }

  #blob(path, mediaType) {
    const digest = digestOf(readFileSync(path));
    copyFileSync(path, join(this.layout, 'blobs/sha256', digest.slice('sha256:'.length)));
    return { mediaType, digest, size: statSync(path).size };
  }
}

const refName = 'org.opencontainers.image.ref.name';
const manifestType = 'application/vnd.oci.image.manifest.v1+json';

function digestOf(bytes) {
  return `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
}

function writeBusybox(root) {
  for (const name of ['bin', 'sbin', 'usr/bin', 'usr/sbin', 'etc', 'proc', 'sys', 'dev', 'tmp', 'root']) mkdirSync(join(root, name), { recursive: true });
  copyFileSync('/bin/busybox', join(root, 'bin/busybox'));
  for (const applet of execFileSync('/bin/busybox', ['--list-full'], { encoding: 'utf8' }).split('\n')) {
    if (/^(usr\/)?s?bin\//.test(applet) && !existsSync(join(root, applet))) symlinkSync('/bin/busybox', join(root, applet));
  }
}

function writeFortieth(root, index) {
  const own = join(root, `opt/l${index}`);
  mkdirSync(own, { recursive: true });
  mkdirSync(join(root, 'opt/common'), { recursive: true });
  for (let file = 1; file <= 50; file += 1) writeFileSync(join(own, `f${file}`), String.fromCharCode(65 + (index % 26)).repeat(97 * file));
  writeFileSync(join(root, 'opt/common/last'), `${index}\n`);
  if (index % 5 === 0) {
    mkdirSync(join(root, `opt/l${index - 1}`));
    writeFileSync(join(root, `opt/l${index - 1}/.wh.f1`), '');
  }
  if (index === 30) writeFileSync(join(root, 'opt/common/.wh..wh..opq'), '');
}

/** Two thousand packages of 22 files, of 300 bytes to 12 kB: the mean and the depth are those of a tree that npm made. */
function writePackages(root) {
  let state = 1;
  const next = (below) => (state = (state * 48271) % 2147483647) % below;
  const words = Array.from({ length: 500 }, () => next(2 ** 31).toString(36));
  for (let number = 0; number < 2_000; number += 1) {
    const folder = join(root, `@scope-${number % 40}`, `package-${number}`, 'lib');
    mkdirSync(folder, { recursive: true });
    for (let file = 0; file < 22; file += 1) {
      const lines = 4 + next(40) + (next(20) === 0 ? 150 : 0);
      const text = Array.from({ length: lines }, () => `export const ${words[next(500)]} = require("${words[next(500)]}/${words[next(500)]}");\n`);
      writeFileSync(join(folder, `module-${file}.js`), text.join(''));
    }
  }
}
