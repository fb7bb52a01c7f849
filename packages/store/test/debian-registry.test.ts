import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { digestOf, mediaTypes } from '@keelson/image';
import { givenAccess } from '@keelson/store';
import { describe, expect, it, onTestFinished } from 'vitest';
import { findProgram, needs } from '../../../test/support/needs.js';
import { configOf, layerOf } from './support/archives.js';
import { StoreOnDisk } from './support/store-on-disk.js';

/** `user` and `pa:ss`, as htpasswd -B writes them. */
const users = 'user:$2b$04$VOz2Nva.LMxYaBNCpcOQgu1txsE1c3/XOsSvoMfNlnyud7Cg9vmMu\n';
const authorization = `Basic ${Buffer.from('user:pa:ss').toString('base64')}`;

/** Debian's docker-registry, which wants a user name and a password. */
async function startRegistry(folder: string): Promise<string> {
  mkdirSync(folder);
  writeFileSync(join(folder, 'users'), users);
  writeFileSync(
    join(folder, 'config.yml'),
    `version: 0.1
log: { level: info, formatter: json }
storage: { filesystem: { rootdirectory: ${join(folder, 'data')} } }
auth: { htpasswd: { realm: "a \\"quoted\\", realm", path: ${join(folder, 'users')} } }
http: { addr: "127.0.0.1:0" }
`,
  );
  const child = spawn(findProgram('docker-registry')!, ['serve', join(folder, 'config.yml')]);
  onTestFinished(async () => {
    child.kill('SIGKILL');
    if (child.exitCode === null && child.signalCode === null) await once(child, 'close');
  });
  let text = '';
  return new Promise((resolve, reject) => {
    const read = (chunk: Buffer): void => {
      text += chunk.toString();
      const found = /listening on (127\.0\.0\.1:\d+)/.exec(text);
      if (found) resolve(found[1]!);
    };
    child.stdout.on('data', read);
    child.stderr.on('data', read);
    child.once('exit', () => reject(new Error(`docker-registry ended: ${text}`)));
  });
}

async function push(host: string, repository: string, layers: readonly Buffer[]): Promise<void> {
  const send = async (url: string, method: string, body?: Buffer, type = 'application/octet-stream') => {
    const headers = { authorization, 'content-type': type };
    const response = await fetch(url, { method, headers, ...(body && { body: new Uint8Array(body) }) });
    if (!response.ok) throw new Error(`${method} ${url}: ${response.status} ${await response.text()}`);
    return response;
  };
  const base = `http://${host}/v2/${repository}`;
  const blob = async (mediaType: string, bytes: Buffer) => {
    const digest = digestOf(bytes);
    const upload = await send(`${base}/blobs/uploads/`, 'POST');
    const location = new URL(upload.headers.get('location')!, base);
    location.searchParams.set('digest', digest);
    await send(location.toString(), 'PUT', bytes);
    return { mediaType, digest, size: bytes.length };
  };
  const manifest = {
    schemaVersion: 2,
    mediaType: mediaTypes.dockerManifest,
    config: await blob(mediaTypes.dockerConfig, configOf(layers)),
    layers: await Promise.all(layers.map((layer) => blob(mediaTypes.dockerLayer, layer))),
  };
  await send(`${base}/manifests/1`, 'PUT', Buffer.from(JSON.stringify(manifest)), mediaTypes.dockerManifest);
}

describe("Debian's registry with a password file", () => {
  it('serves who is let in, and nobody else', async (context) => {
    needs(context, 'docker-registry');
    const world = await StoreOnDisk.open();
    const host = await startRegistry(join(world.folder, 'registry'));
    await push(host, 'team/app', [layerOf('a'), layerOf('b')]);
    const pull = (password: string) =>
      world.store.pull(`${host}/team/app:1`, { access: givenAccess(host, 'user', password) });

    expect(await world.codeOf(world.store.pull(`${host}/team/app:1`))).toBe('UNAUTHORIZED');
    expect(await world.codeOf(pull('wrong'))).toBe('UNAUTHORIZED');
    expect((await pull('pa:ss')).layers).toHaveLength(2);
    expect(await world.codeOf(pull('wrong'))).toBe('UNAUTHORIZED');
  });
});
