import { mkdirSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { archive } from '../../image/test/archive.js';
import { layerOf, oldShape } from '../../store/test/support/archives.js';
import type { World } from './support/keelson.js';
import { makeWorld } from './support/keelson.js';
import { serve } from './support/serving-agent.js';

let world: World;
let file: string;
beforeEach(async () => {
  world = await makeWorld();
  file = join(world.root, '..', 'saved.tar.gz');
  mkdirSync(join(world.root, '..'), { recursive: true });
  const images = [
    { tags: ['team/app:1'], layers: [layerOf('a'), layerOf('b')] },
    { tags: ['team/other:1'], layers: [layerOf('a')] },
  ];
  writeFileSync(file, gzipSync(archive(...oldShape(images))));
});
afterEach(() => world.remove());

describe('load', { timeout: 180_000 }, () => {
  it('takes every image of a file, and says what it took as pull does', async () => {
    const { images } = await world.json('load', file);
    expect(images).toMatchObject([
      { reference: 'docker.io/team/app:1', bytesDownloaded: 0, layers: [{ reused: false }, { reused: false }] },
      { reference: 'docker.io/team/other:1', layers: [{ reused: true }] },
    ]);
    const again = await world.json('pull', `docker-archive:${file}`);
    expect(again.images.map(({ digest }: { digest: string }) => digest)).toEqual(
      images.map(({ digest }: { digest: string }) => digest),
    );
  });

  it('lets an image be named by the file it came from', async () => {
    const source = `docker-archive:${relative(process.cwd(), file)}:team/app:1`;
    await world.json('pull', source);
    expect((await world.json('why', source)).object).toBe('docker.io/team/app:1');
    expect((await world.json('pin', source)).images).toMatchObject([{ reference: 'docker.io/team/app:1', pinned: true }]);
    expect((await world.json('unpin', source)).images).toMatchObject([{ pinned: false }]);
    expect((await world.json('untag', source)).images).toHaveLength(1);
    expect((await world.json('images')).images).toEqual([]);
  });

  it('goes through the agent that serves the root, with paths as the caller means them', async () => {
    const agent = await serve(world);
    try {
      const { images } = await world.json('load', relative(process.cwd(), file));
      expect(images).toHaveLength(2);
      expect((await world.json('images')).images).toHaveLength(2);
    } finally {
      await agent.end();
    }
  });

  it('refuses what is no archive with its code', async () => {
    const end = await world.keelson('load', '/etc/passwd');
    expect(end.exitCode).toBe(1);
    expect(end.stderr).toMatch(/^keelson: ARCHIVE_INVALID: /);
  });
});
