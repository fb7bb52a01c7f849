import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { cpSync, existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/**
 * Real images, made with umoci from Debian's static busybox and (where asked for) a debootstrap root:
 *
 * | image | layers |
 * |---|---|
 * | `busybox` | one |
 * | `app` | busybox, then a library layer |
 * | `web` | busybox, the same library layer, its own layer: the three share |
 * | `whiteouts` | app, then a layer that removes a file, a directory, and makes one again |
 * | `many` | an index: amd64 and arm64 manifests of `app` |
 * | `debian` | one layer of a minimal Debian, with devices and setuid programs |
 */
export class Corpus {
  readonly layout: string;
  readonly #folder: string;

  constructor(folder: string) {
    this.#folder = folder;
    this.layout = join(folder, 'layout');
    mkdirSync(folder, { recursive: true });
    run('umoci', 'init', '--layout', this.layout);
  }

  /** Builds all but `debian`. */
  buildSmall(): void {
    run('umoci', 'new', '--image', `${this.layout}:busybox`);
    this.#layer('busybox', 'busybox', (root) => {
      for (const name of ['bin', 'etc', 'proc', 'sys', 'dev', 'tmp', 'root', 'var/lib']) {
        mkdirSync(join(root, name), { recursive: true });
      }
      cpSync('/bin/busybox', join(root, 'bin/busybox'));
      run('chroot', root, '/bin/busybox', '--install', '-s', '/bin');
      writeFileSync(join(root, 'etc/passwd'), 'root:x:0:0:root:/root:/bin/sh\nweb:x:1000:1000::/:/bin/sh\n');
      writeFileSync(join(root, 'etc/group'), 'root:x:0:\nweb:x:1000:\n');
      run('chmod', '1777', join(root, 'tmp'));
    });
    run('umoci', 'config', '--image', `${this.layout}:busybox`, '--config.env', 'PATH=/bin', '--config.cmd', 'sh');
    this.#layer('busybox', 'app', (root) => {
      mkdirSync(join(root, 'usr/lib/app/old'), { recursive: true });
      mkdirSync(join(root, 'usr/lib/app/kept'), { recursive: true });
      for (let index = 0; index < 40; index += 1) writeFileSync(join(root, `usr/lib/app/f${index}`), `file ${index}\n`);
      writeFileSync(join(root, 'usr/lib/app/old/a'), 'a\n');
      writeFileSync(join(root, 'usr/lib/app/kept/b'), 'b\n');
      writeFileSync(join(root, 'usr/lib/app/owned'), 'owned\n');
      run('chown', '1000:1000', join(root, 'usr/lib/app/owned'));
      run('chmod', '4755', join(root, 'usr/lib/app/f1'));
      run('ln', join(root, 'usr/lib/app/f2'), join(root, 'usr/lib/app/hard'));
      run('ln', '-s', '/absolute/elsewhere', join(root, 'usr/lib/app/absolute'));
      run('ln', '-s', '../../../../../climbing', join(root, 'usr/lib/app/climbing'));
      run('mkfifo', join(root, 'usr/lib/app/fifo'));
    });
    run('umoci', 'config', '--image', `${this.layout}:app`, '--config.env', 'APP=yes');
    this.#layer('app', 'web', (root) => {
      mkdirSync(join(root, 'srv'), { recursive: true });
      writeFileSync(join(root, 'srv/index.html'), '<h1>Keelson</h1>\n');
    });
    this.#layer('app', 'whiteouts', (root) => {
      rmSync(join(root, 'usr/lib/app/f3'));
      rmSync(join(root, 'usr/lib/app/old'), { recursive: true });
      rmSync(join(root, 'usr/lib/app/kept'), { recursive: true });
      mkdirSync(join(root, 'usr/lib/app/kept'));
      writeFileSync(join(root, 'usr/lib/app/kept/new'), 'made again\n');
      rmSync(join(root, 'usr/lib/app/f4'));
      mkdirSync(join(root, 'usr/lib/app/f4'));
      writeFileSync(join(root, 'usr/lib/app/f4/inside'), 'a directory now\n');
    });
    this.#tagArchitecture('app', 'app-amd64', 'amd64');
    this.#tagArchitecture('app', 'app-arm64', 'arm64');
  }

  /**
   * Adds `debian`: every file of the packages of a minimal Debian, not configured, which would add no kind of file.
   * The root is kept as an archive between runs, for fetching it takes long.
   */
  buildDebian(): void {
    const kept = join(tmpdir(), 'keelson-debian-unpacked.tar');
    if (!existsSync(kept)) {
      const root = join(this.#folder, 'debootstrap');
      run('debootstrap', '--variant=minbase', '--foreign', 'bookworm', root, debianMirror());
      run('tar', '-C', root, '--numeric-owner', '--xattrs', '--exclude=./var/cache/apt/archives/*.deb', '--exclude=./debootstrap', '-cf', `${kept}.new`, '.');
      renameSync(`${kept}.new`, kept);
      rmSync(root, { recursive: true, force: true });
    }
    run('umoci', 'new', '--image', `${this.layout}:debian`);
    run('umoci', 'raw', 'add-layer', '--image', `${this.layout}:debian`, kept);
    run('umoci', 'config', '--image', `${this.layout}:debian`, '--config.env', 'PATH=/usr/bin:/bin', '--config.cmd', 'bash');
  }

  /** Pushes `tag` as `address/tag:latest`, as Docker's own media types where asked for. */
  push(address: string, tag: string, format: 'oci' | 'v2s2' = 'oci'): string {
    const reference = `${address}/${tag}:latest`;
    run('skopeo', 'copy', '-q', '--format', format, '--dest-tls-verify=false', `oci:${this.layout}:${tag}`, `docker://${reference}`);
    return reference;
  }

  /** Pushes the two architectures of `app` and an index over them as `address/many:latest`. */
  async pushIndex(address: string): Promise<string> {
    const manifests = [];
    for (const architecture of ['amd64', 'arm64']) {
      const target = `docker://${address}/many:${architecture}`;
      run('skopeo', 'copy', '-q', '--format', 'oci', '--dest-tls-verify=false', `oci:${this.layout}:app-${architecture}`, target);
      const accept = { accept: 'application/vnd.oci.image.manifest.v1+json' };
      const answer = await fetch(`http://${address}/v2/many/manifests/${architecture}`, { headers: accept });
      const body = Buffer.from(await answer.arrayBuffer());
      manifests.push({
        mediaType: 'application/vnd.oci.image.manifest.v1+json',
        digest: `sha256:${createHash('sha256').update(body).digest('hex')}`,
        size: body.length,
        platform: { os: 'linux', architecture },
      });
    }
    const mediaType = 'application/vnd.oci.image.index.v1+json';
    const answer = await fetch(`http://${address}/v2/many/manifests/latest`, {
      method: 'PUT',
      headers: { 'content-type': mediaType },
      body: JSON.stringify({ schemaVersion: 2, mediaType, manifests }),
    });
    if (answer.status !== 201) throw new Error(`the registry refused the index: ${answer.status} ${await answer.text()}`);
    return `${address}/many:latest`;
  }

  /** The root filesystem umoci makes of `tag`. */
  unpack(tag: string): string {
    const bundle = join(this.#folder, `bundle-${tag}`);
    if (!existsSync(bundle)) run('umoci', 'unpack', '--image', `${this.layout}:${tag}`, bundle);
    return join(bundle, 'rootfs');
  }

  #layer(from: string, to: string, change: (root: string) => void): void {
    const bundle = join(this.#folder, `work-${to}`);
    run('umoci', 'unpack', '--image', `${this.layout}:${from}`, bundle);
    change(join(bundle, 'rootfs'));
    run('umoci', 'repack', '--image', `${this.layout}:${to}`, bundle);
    rmSync(bundle, { recursive: true, force: true });
  }

  #tagArchitecture(from: string, to: string, architecture: string): void {
    run('umoci', 'tag', '--image', `${this.layout}:${from}`, to);
    run('umoci', 'config', '--image', `${this.layout}:${to}`, '--architecture', architecture);
  }
}

function run(program: string, ...rest: string[]): void {
  execFileSync(program, rest, { stdio: ['ignore', 'ignore', 'pipe'] });
}

function debianMirror(): string {
  const script = 'cat /etc/apt/sources.list /etc/apt/sources.list.d/*.sources /etc/apt/sources.list.d/*.list 2>/dev/null';
  const lines = execFileSync('sh', ['-c', `${script}; true`]).toString();
  const mirror = /https?:\/\/\S+\/debian\/?(?=\s|$)/m.exec(lines);
  if (!mirror) throw new Error('no Debian mirror is configured on this machine');
  return readFileSync('/etc/debian_version').length > 0 ? mirror[0] : '';
}
