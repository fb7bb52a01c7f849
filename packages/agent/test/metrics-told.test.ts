import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { writeLayout } from './support/oci-layout.js';
import { ask, useServing } from './support/serving.js';

const serving = useServing();
const docs = new URL('../../../docs/', import.meta.url);

const pattern = /\b(?:keelson_[a-z][a-z_]*[a-z]|process_[a-z_]+_(?:bytes|total|seconds))\b/g;

/** The metrics that a text speaks of; names of tests and of packages look otherwise. */
function named(text: string): string[] {
  return [...new Set(text.match(pattern) ?? [])].toSorted();
}

async function scraped(served: Parameters<typeof ask>[0]): Promise<string> {
  return (await ask(served, { path: '/metrics' })).body;
}

function valueOf(text: string, sample: string): number {
  const line = text.split('\n').find((each) => each.startsWith(`${sample} `));
  return Number(line?.slice(sample.length + 1));
}

describe('the metrics that docs/ speaks of', () => {
  it('are those that /metrics has once every kind of thing has happened, and no others', async () => {
    const served = await serving.serve();
    const image = writeLayout(join(serving.folder, 'layout'), ['one', 'two']);
    // Twice: nothing is told of how long one thing took.
    for (const name of ['one', 'two']) {
      await served.agent.provision({ id: name, image: image(name) });
      await served.agent.pruneImages({ wait: true });
    }
    await served.agent.collectImages();
    const families = [...(await scraped(served)).matchAll(/^# TYPE (\S+)/gm)].map(([, name]) => name!);
    // Only an agent with an engine has had this one measure anything.
    const told = [...new Set([...families, 'keelson_engine_image_pull_seconds'])].toSorted();

    expect(named(readFileSync(new URL('operating.md', docs), 'utf8'))).toEqual(told);
    const pages = readdirSync(docs).filter((name) => name.endsWith('.md'));
    const elsewhere = pages.flatMap((page) => named(readFileSync(new URL(page, docs), 'utf8')));
    expect(elsewhere.filter((name) => !told.includes(name))).toEqual([]);
  });

  it('tell what a prune left and why, who holds what, and how long rubbish has lain there', async () => {
    const served = await serving.serve();
    const image = writeLayout(join(serving.folder, 'layout'), ['used', 'pinned', 'left']);
    for (const name of ['used', 'pinned', 'left']) await served.agent.pull(image(name));
    await served.agent.provision({ id: 'tree', image: image('used') });
    const pinned = (await served.agent.images()).find(({ reference }) => reference.includes(':pinned'))!;
    await served.agent.pin([pinned.reference]);
    await served.agent.pruneImages({ wait: true });
    const gc = join(served.root, 'store/docker/gc');
    mkdirSync(join(gc, 'rubbish'), { recursive: true });
    writeFileSync(join(gc, 'rubbish', 'file'), '');

    const text = await scraped(served);
    const kept = (reason: string) => valueOf(text, `keelson_image_gc_kept_total{reason="${reason}"}`);
    expect(kept('pinned')).toBe(1);
    // The image and its two layers: one of them is the pinned one's, too.
    expect(kept('in_use')).toBe(3);
    expect(kept('child')).toBe(1);
    expect(kept('changed')).toBe(0);
    expect(valueOf(text, 'keelson_leases{kind="root",state="held"}')).toBe(0);
    expect(valueOf(text, 'keelson_sweep_oldest_seconds')).toBeGreaterThan(0);
  });
});
