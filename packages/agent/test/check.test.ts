import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Agent } from '@keelson/agent';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { writeLayout } from './support/oci-layout.js';

let folder: string;
let root: string;
let layers: string;
let source: (name: string) => string;
const agents: Agent[] = [];

beforeEach(() => {
  folder = mkdtempSync(join(existsSync('/dev/shm') ? '/dev/shm' : tmpdir(), 'keelson-check-'));
  root = join(folder, 'root');
  layers = join(root, 'store/docker/layers');
  source = writeLayout(join(folder, 'layout'), ['left', 'right']);
});
afterEach(async () => {
  for (const agent of agents.splice(0)) await agent.close();
  rmSync(folder, { recursive: true, force: true });
});

async function start(): Promise<Agent> {
  const agent = Agent.create({ root, backend: 'copy', lockTimeoutMs: 0 });
  agents.push(agent);
  await agent.start();
  return agent;
}

const references = async (agent: Agent) => (await agent.images()).map(({ reference }) => reference).toSorted();
const quarantine = () => readdirSync(join(root, 'store/docker/quarantine'));

describe('a check', () => {
  it('hashes every layer again, and tells the one whose file was changed', async () => {
    const agent = await start();
    const left = await agent.pull(source('left'));
    await agent.pull(source('right'));
    expect(await agent.check()).toEqual({ ok: true, problems: [], repaired: [] });
    const top = left.layers[1]!.id;
    flip(join(layers, top, 'rootfs/etc/left'));
    expect(await agent.check()).toMatchObject({ ok: false, problems: [{ code: 'LAYER_DAMAGED', object: top }] });
  });

  it('is repaired by the smallest removal, and a pull fetches no more than that', async () => {
    const agent = await start();
    const left = await agent.pull(source('left'));
    const right = await agent.pull(source('right'));
    const [base, top] = left.layers.map(({ id }) => id) as [string, string];
    flip(join(layers, top, 'rootfs/etc/left'));
    const report = await agent.check({ repair: true });
    expect(report).toMatchObject({ ok: true, problems: [{ code: 'LAYER_DAMAGED', object: top }], repaired: [top] });
    expect(await references(agent)).toEqual([right.reference]);
    expect(quarantine()).toEqual([expect.stringMatching(`^${top}\\.`)]);
    const again = await agent.pull(source('left'));
    expect(again.layers).toMatchObject([{ id: base, reused: true }, { id: top, reused: false }]);
    expect(await agent.check()).toMatchObject({ ok: true });
  });

  it('leaves alone what a container stands on, and says so', async () => {
    const agent = await start();
    const left = await agent.pull(source('left'));
    await agent.provision({ id: 'mine', image: left.reference });
    const top = left.layers[1]!.id;
    flip(join(layers, top, 'rootfs/etc/left'));
    const report = await agent.check({ repair: true });
    expect(report).toMatchObject({ ok: false, repaired: [], problems: [{ object: top, why: expect.stringContaining('stays') }] });
    await agent.destroy('mine');
    expect(await agent.check({ repair: true })).toMatchObject({ ok: true, repaired: [top] });
  });

  it('finds, under a running agent, a layer that was deleted, a stranger and a damaged journal, and puts all right', async () => {
    const agent = await start();
    const left = await agent.pull(source('left'));
    const right = await agent.pull(source('right'));
    rmSync(join(layers, left.layers[1]!.id), { recursive: true });
    mkdirSync(join(layers, 'stranger'));
    const journal = join(root, 'store/docker/storedImages');
    writeFileSync(journal, `damaged${readFileSync(journal, 'utf8')}`);
    expect((await agent.check()).problems.map(({ code }) => code).toSorted()).toEqual(['CORRUPT', 'UNKNOWN']);
    const report = await agent.check({ repair: true });
    expect(report.ok).toBe(true);
    expect(report.repaired).toEqual(expect.arrayContaining(['storedImages', 'stranger']));
    expect(await references(agent)).toEqual([right.reference]);
    expect(quarantine()).toEqual([expect.stringMatching(/^stranger\./)]);
  });

  it.each([
    ['a file that is missing', (top: string) => rmSync(join(top, 'rootfs/etc/left'))],
    ['a file too many', (top: string) => writeFileSync(join(top, 'rootfs/etc/more'), '')],
    ['another time', (top: string) => utimesSync(join(top, 'rootfs/etc/left'), 1, 1)],
  ])('sees %s', async (_, damage) => {
    const agent = await start();
    const top = (await agent.pull(source('left'))).layers[1]!.id;
    damage(join(layers, top));
    expect((await agent.check()).problems).toMatchObject([{ code: 'LAYER_DAMAGED', object: top }]);
  });
});

/** Changes one bit, and neither size nor times. */
function flip(path: string): void {
  const bytes = readFileSync(path);
  bytes[bytes.length >> 1]! ^= 1;
  writeFileSync(path, bytes);
}
