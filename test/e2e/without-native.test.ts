import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import { archive } from '../support/tar-writer.mjs';
import { findProgram, needs } from '../support/needs.js';
import { Keelson } from './support/keelson.js';
import { mountsBelow } from './support/mounts.js';

const programs = ['busybox', 'runc', 'setfattr', 'getfattr', 'flock', 'mknod', 'touch', 'sync', 'mount', 'umount'];

/** Where koffi cannot be loaded, commands of util-linux, coreutils and attr take the place of system calls. */
describe('without native calls', { timeout: 300_000 }, () => {
  beforeEach((context) => needs(context, 'root', 'overlayfs', ...programs));

  it('an image is pulled, run over both backends, and pruned', async ({ onTestFinished }) => {
    const folder = mkdtempSync(join(existsSync('/dev/shm') ? '/dev/shm' : tmpdir(), 'keelson-without-native-'));
    onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
    const agent = new Keelson(join(folder, 'root'), { ...process.env, KEELSON_NO_NATIVE: '1' });
    const pulled = await agent.json('pull', `oci:${writeLayout(join(folder, 'layout'))}:app`);
    const image: string = pulled.images[0].reference;

    const script = 'cat /etc/hello; ls /etc/gone || echo gone; ls -l /pipe | cut -c1; echo written > /new && cat /new';
    for (const backend of ['overlay', 'copy']) {
      const words = ['run', '--rm', '--launcher', 'runc', '--backend', backend, image, '--', 'sh', '-c', script];
      const { exitCode, stdout, stderr } = await agent.run(...words);
      expect([exitCode, stdout], `${backend}: ${stderr}`).toEqual([0, 'hello\ngone\np\nwritten\n']);
    }
    const refused = await agent.run('run', '--rm', '--launcher', 'linux', image, '--', 'true');
    expect(refused.stderr).toMatch(/^keelson: NO_LAUNCHER: .*koffi/m);

    // With native calls every layer is found to be what its record says, attributes and times included.
    expect((await new Keelson(agent.root).run('check')).exitCode).toBe(0);
    const { removed, skipped } = await agent.json('prune', '--wait');
    expect([removed.images.length, removed.layers.length, skipped]).toEqual([1, 2, []]);
    for (const area of ['layers', 'gc', 'staging', 'quarantine']) {
      expect(readdirSync(join(agent.root, 'store/docker', area)), area).toEqual([]);
    }
    expect(mountsBelow(agent.root)).toEqual([]);
  });
});

/** An OCI layout with one image of two layers. */
function writeLayout(folder: string): string {
  mkdirSync(join(folder, 'blobs/sha256'), { recursive: true });
  const put = (bytes: Buffer, mediaType: string) => {
    const hex = createHash('sha256').update(bytes).digest('hex');
    writeFileSync(join(folder, 'blobs/sha256', hex), bytes);
    return { mediaType, digest: `sha256:${hex}`, size: bytes.length };
  };
  const type = 'application/vnd.oci.image';
  const putJson = (document: object, name: string) => put(Buffer.from(JSON.stringify(document)), `${type}.${name}.v1+json`);
  const layers = layersOf().map((bytes) => put(bytes, `${type}.layer.v1.tar`));
  const rootfs = { type: 'layers', diff_ids: layers.map(({ digest }) => digest) };
  const architecture = { x64: 'amd64', ia32: '386' }[process.arch as string] ?? process.arch;
  const config = putJson({ architecture, os: 'linux', config: {}, rootfs }, 'config');
  const manifest = putJson({ schemaVersion: 2, config, layers }, 'manifest');
  const annotations = { 'org.opencontainers.image.ref.name': 'app' };
  writeFileSync(join(folder, 'oci-layout'), '{"imageLayoutVersion":"1.0.0"}');
  writeFileSync(join(folder, 'index.json'), JSON.stringify({ schemaVersion: 2, manifests: [{ ...manifest, annotations }] }));
  return folder;
}

function layersOf(): Buffer[] {
  const links = ['sh', 'cat', 'ls', 'echo', 'cut'].map((name) => ({ name: `bin/${name}`, type: '2', linkName: 'busybox' }));
  const busybox = { name: 'bin/busybox', content: readFileSync(findProgram('busybox')!), mode: 0o755 };
  const folders = ['bin/', 'proc/', 'sys/', 'dev/', 'etc/'].map((name) => ({ name, mode: 0o755 }));
  const attributes: [string, string][] = [['SCHILY.xattr.user.note', 'text'], ['mtime', '-5.25']];
  const odd = [{ name: 'pipe', type: '6' }, { name: 'null', type: '3', device: [1, 3] }, { name: 'odd\xff', pax: attributes }];
  return [
    archive(...folders, busybox, ...links, { name: 'etc/gone' }, ...odd),
    archive({ name: 'etc/.wh.gone' }, { name: 'etc/hello', content: 'hello\n' }),
  ];
}
