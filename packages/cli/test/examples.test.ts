import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { needs } from '../../../test/support/needs.js';
import type { World } from './support/keelson.js';
import { makeWorld } from './support/keelson.js';

const example = fileURLToPath(new URL('../../../docs/examples/embed.mjs', import.meta.url));

describe('docs/examples/embed.mjs', { timeout: 180_000 }, () => {
  let world: World;
  beforeEach(async () => {
    world = await makeWorld();
  });
  afterEach(() => world.remove());

  it('does what it says', async (context) => {
    needs(context, 'root', 'unshare');
    const { stdout } = await promisify(execFile)(process.execPath, [
      example,
      world.root,
      world.reference('hello'),
    ]);
    expect(stdout.replace(/sha256:[0-9a-f]{64}/, 'DIGEST')).toBe(
      `${world.reference('hello')} is DIGEST, 2 layers\nhello from 1\nit ended with 42\npruned 1 image, 2 layers\n`,
    );
  });

  it('is the text in the guide', () => {
    const guide = readFileSync(new URL('../../../docs/getting-started.md', import.meta.url), 'utf8');
    expect(guide).toContain(`\`\`\`js\n${readFileSync(example, 'utf8')}\`\`\``);
  });
});
