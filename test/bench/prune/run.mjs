#!/usr/bin/env node
/**
 * `npm run bench:prune [-- --images N] [--files N] [--rounds N] [--root DIR]`
 *
 * Times a prune of many small images through an embedded agent: until it is answered, and until the bytes are gone. Says
 * how long the event loop was held up meanwhile. The images are put on the disk as records, so that only the prune is
 * measured. Without `--root` they lie under the temporary directory.
 */
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { parseArgs } from 'node:util';
import { Agent } from '@keelson/agent';
import { fillStore } from './fill-store.mjs';

const { values } = parseArgs({
  options: {
    images: { type: 'string', default: '1000' },
    files: { type: 'string', default: '3' },
    rounds: { type: 'string', default: '3' },
    root: { type: 'string' },
  },
});
const [images, files, rounds] = [values.images, values.files, values.rounds].map(Number);
const folder = values.root ?? mkdtempSync(join(tmpdir(), 'keelson-bench-prune-'));
mkdirSync(folder, { recursive: true });
try {
  for (let round = 1; round <= rounds; round += 1) {
    const root = join(folder, `round-${round}`);
    fillStore(root, { images, files });
    const agent = Agent.create({ root, backend: 'copy', lockTimeoutMs: 0 });
    await agent.start();
    const delay = monitorEventLoopDelay({ resolution: 1 });
    delay.enable();
    const startedAtMs = performance.now();
    const report = await agent.pruneImages();
    const answeredMs = performance.now() - startedAtMs;
    // Joins the sweep under way; there is nothing left to prune.
    await agent.pruneImages({ wait: true });
    const sweptMs = performance.now() - startedAtMs;
    delay.disable();
    await agent.close();
    const { removed, skipped } = report;
    const said = {
      round,
      images: removed.images.length,
      layers: removed.layers.length,
      skipped: skipped.length,
      answeredMs: Math.round(answeredMs),
      sweptMs: Math.round(sweptMs),
      longestStallMs: Math.round(delay.max / 1e5) / 10,
    };
    console.log(JSON.stringify(said));
    rmSync(root, { recursive: true, force: true });
  }
} finally {
  if (values.root === undefined) rmSync(folder, { recursive: true, force: true });
}

