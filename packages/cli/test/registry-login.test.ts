import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { loginOf } from '../src/registry-login.js';
import type { GuardedRegistry } from './support/guarded-registry.js';
import { guardRegistry } from './support/guarded-registry.js';
import type { World } from './support/keelson.js';
import { makeWorld } from './support/keelson.js';

let world: World;
let guard: GuardedRegistry;
/** The demo registry behind a guard that wants a user name and a password. */
let reference: string;
beforeEach(async () => {
  world = await makeWorld();
  guard = await guardRegistry(world.registry.host, 'user:pass');
  reference = `${guard.host}/demo/hello:1`;
});
afterEach(async () => {
  guard.close();
  await world.remove();
});

describe('pull', { timeout: 180_000 }, () => {
  it('shows what --creds or --authfile says, and nothing else', async () => {
    const refused = await world.keelson('pull', '--authfile', '/nowhere/auth.json', reference);
    expect(refused.stderr).toMatch(/^keelson: CREDENTIALS_INVALID: /);
    expect((await world.keelson('pull', '--creds', 'user:wrong', reference)).stderr).toMatch(/^keelson: UNAUTHORIZED: /);

    const { images } = await world.json('pull', '--creds', 'user:pass', reference);
    expect(images).toMatchObject([{ reference }]);

    const authfile = join(world.root, '..', 'auth.json');
    const auth = Buffer.from('user:pass').toString('base64');
    writeFileSync(authfile, JSON.stringify({ auths: { [reference.split('/')[0]!]: { auth } } }));
    expect((await world.json('pull', '--authfile', authfile, reference)).images).toMatchObject([{ bytesDownloaded: 0 }]);
  });

  it('refuses --creds without a password, and does not repeat it', async () => {
    const end = await world.keelson('pull', '--creds', 'hidden-secret', reference);
    expect([end.exitCode, end.stdout + end.stderr]).toEqual([2, expect.not.stringContaining('hidden-secret')]);
  });
});

describe('loginOf', () => {
  it('hands on where the credentials of the caller are, and no other variable', () => {
    const environment = { HOME: '/home/me', DOCKER_CONFIG: '/d', AWS_SECRET_ACCESS_KEY: 'hidden' };
    const caller = { workingDirectory: '/home/me/project', streams: { environment } } as never;
    const login = loginOf({ authfile: 'auth.json', creds: 'a:b:c' }, caller);
    expect(login).toMatchObject({ authFile: '/home/me/project/auth.json', credentials: { username: 'a', password: 'b:c' } });
    expect(login.environment).toMatchObject({ HOME: '/home/me', DOCKER_CONFIG: '/d' });
    expect(JSON.stringify(login)).not.toContain('hidden');
  });
});
