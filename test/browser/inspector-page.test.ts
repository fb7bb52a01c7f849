import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createKeelsonInspector } from '@keelson/inspector';
import type { KeelsonInspector, StorePicture } from '@keelson/inspector';
import { Process, ReadWriteLock, Runtime } from '@keelson/process';
import { makeSimulatedImage, SimulatedWorld, SimulationError, simulatePlan } from '@keelson/simulation';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { createActor, createMachine } from 'xstate';
import { racyStore } from '../../packages/simulation/test/support/tiny-store-scenarios.js';
import { start } from '../support/keelson-command.js';
import { findProgram, needs } from '../support/needs.js';
import { actorNames, InspectorBrowser } from './support/inspector-browser.js';

/** Pages are drawn when they are drawn; a machine that builds something beside may be slow. */
const soon = <T>(look: () => Promise<T>) => expect.poll(look, { timeout: 30_000 });

let browser: InspectorBrowser;
let folder: string;
const inspectors: KeelsonInspector[] = [];

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'keelson-browser-'));
  if (findProgram('chromium')) browser = await InspectorBrowser.launch();
});
beforeEach((context) => needs(context, 'chromium'));
afterEach(async () => {
  await browser?.closePages();
  await Promise.all(inspectors.splice(0).map((inspector) => inspector.close()));
  expect(browser?.misdeeds.splice(0) ?? []).toEqual([]);
});
afterAll(async () => {
  await browser?.close();
  rmSync(folder, { recursive: true, force: true });
});

async function served(options: Parameters<typeof createKeelsonInspector>[0] = {}) {
  const inspector = createKeelsonInspector(options);
  inspectors.push(inspector);
  return { inspector, address: (await inspector.listen()).url };
}

/**
 * A world in which a prune stood in the mailbox between the two steps of a launch: the one that takes the lock, and
 * the one that enters the layers in memory under it.
 */
async function pruneDuringProvision() {
  const world = new SimulatedWorld();
  const { inspector, address } = await served({ title: 'a simulated agent' });
  const stopWatching = inspector.watch(world.runtime);
  const stopLooking = inspector.recorder.look();
  world.registry.put('web', 'latest', makeSimulatedImage([{ base: 'base' }, { web: 'web' }]));
  world.provisioner.recover([]);
  world.settle();
  world.provisioner.provision('c1', { type: 'DOCKER', name: 'registry.test/web' });
  const imageIsHere = (): boolean =>
    inspector.recorder.ring.read(0).records.some((record) => record.kind === 'queued' && record.label === '#build');
  while (!imageIsHere()) expect(world.runtime.step()).toBe(true);
  const pruned = world.provisioner.pruneImages([]);
  world.settle();
  expect(pruned.isReady()).toBe(true);
  stopWatching();
  stopLooking();
  return address;
}

describe('the inspector page', () => {
  it('shows the lock going reading, draining, writing, and a prune that waits for it', async () => {
    const page = await browser.open(await pruneDuringProvision(), 'locks');

    const card = page.locator('[data-lock="provisioner-lock"]');
    const steps = card.locator('.strip .step');
    await soon(() => steps.count()).toBe(4);
    const states = await steps.evaluateAll((all) => all.map((step) => step.className.replace('step ', '')));
    expect(states).toEqual(['reading', 'draining', 'writing', 'unlocked']);

    await steps.nth(1).click();
    await soon(() => card.locator('.lock-state').textContent()).toBe('draining');
    const [holds, waits] = await card.locator('.lease-column').allTextContents();
    expect(holds).toMatch(/^Holdsread/);
    expect(waits).toMatch(/^Waits, in this orderwriteprovisioner\(1\)\.pruneImages/);

    await page.keyboard.press('ArrowRight');
    await page.getByRole('button', { name: 'statechart' }).click();
    await page.locator('.chart-state.active', { hasText: 'draining' }).waitFor();
    expect(await page.locator('.chart-edge.taken').allTextContents()).toEqual(['write']);
  });

  it('opens the trace of a failing simulation and steps through it', async () => {
    const plan = { order: [], input: ['get', 'prune'] as const };
    const file = failureFileOf(() => simulatePlan(racyStore, plan, { failures: folder }));
    const { address } = await served();
    const page = await browser.open(address, 'messages');

    await page.locator('input[type=file]').setInputFiles(file);
    await page.locator('.notice[data-kind=trace]', { hasText: 'racy tiny store: Error' }).waitFor();
    await page.locator('.lane-name', { hasText: 'store(1)' }).waitFor();
    const whole = await page.locator('.message').count();
    expect(whole).toBeGreaterThan(3);

    await page.keyboard.press('Home');
    await soon(() => page.locator('.message').count()).toBe(0);
    for (let n = 0; n < 4; n += 1) await page.keyboard.press('Shift+ArrowRight');
    await soon(() => page.locator('.message').count()).toBe(whole);
    await page.locator('.message').last().click();
    await soon(() => page.locator('.cause').textContent()).toMatch(/store\(1\)\.\w+ #\d+/);

    await page.getByRole('button', { name: 'back to live' }).click();
    await page.locator('.status[data-state=live]').waitFor();

    const { address: ofTrace } = await served({ trace: readFileSync(file, 'utf8') });
    const other = await browser.open(`${ofTrace}&trace`, 'messages');
    await other.locator('.notice[data-kind=trace]', { hasText: 'racy tiny store: Error' }).waitFor();
  });

  it('opens a trace that is dropped on it', async () => {
    const { address } = await served();
    const page = await browser.open(address, 'actors');
    const plan = { order: [], input: ['get', 'prune'] as const };
    const text = readFileSync(failureFileOf(() => simulatePlan(racyStore, plan, { failures: folder })), 'utf8');
    const dropped = await page.evaluateHandle((content) => {
      const transfer = new DataTransfer();
      transfer.items.add(new File([content], 'trace.json', { type: 'application/json' }));
      return transfer;
    }, text);
    await page.dispatchEvent('body', 'dragover', { dataTransfer: dropped });
    await page.locator('.dropping').waitFor();
    await page.dispatchEvent('body', 'drop', { dataTransfer: dropped });
    await page.locator('.notice[data-kind=trace]', { hasText: 'racy tiny store: Error' }).waitFor();
    await soon(() => page.locator('.dropping').count()).toBe(0);
  });

  it('says what is wrong with a file that is no trace, and goes on', async () => {
    const { address } = await served();
    const page = await browser.open(address, 'actors');
    const newer = '{"kind":"keelson-inspector-trace","version":9}';
    for (const [text, why] of [['{', 'no JSON'], ['[]', 'neither'], [newer, 'version 9']] as const) {
      const file = { name: 'x', mimeType: 'text/plain', buffer: Buffer.from(text) };
      await page.locator('input[type=file]').setInputFiles(file);
      await page.locator('.notice[data-kind=error]', { hasText: why }).waitFor();
    }
    await page.locator('.status[data-state=live]').waitFor();
  });

  it('shows hostile names as the text they are, in every view', async () => {
    const evil = '<img src=x onerror=alert(1)><script>alert(2)</script>"\'`&amp;';
    const picture = { ...emptyPicture, containers: [{ id: evil, state: evil, image: evil, layers: [evil] }] };
    const images = [{ reference: evil, digest: evil, sizeBytes: 1, uniqueBytes: 1, pinned: true, layers: [evil], kept: [evil] }];
    const layers = [{ id: evil, sizeBytes: 1, kept: [evil] }];
    const trash = [{ name: evil, sizeBytes: 1, ageMs: 1 }];
    const store = { ...picture, images, layers, trash, plan: { refused: evil } };
    const { inspector, address } = await served({ title: evil, picture: () => Promise.resolve(store) });
    const runtime = new Runtime();
    inspector.watch(runtime);
    const page = await browser.open(address, 'actors');
    await page.locator('.status[data-state=live]').waitFor();
    const pid = runtime.spawn(new Named(), { id: evil });
    void pid.say(evil);
    const machine = createMachine({
      id: evil, initial: evil, context: { [evil]: evil }, states: { [evil]: { on: { [evil]: 'b', go: 'b' } }, b: {} },
    });
    const actor = createActor(machine, { id: `container ${evil}`, inspect: inspector.inspect }).start();
    actor.send({ type: evil });
    void new ReadWriteLock({ name: evil, runtime }).readLock();

    await soon(() => actorNames(page)).toContain(`container ${evil}`);
    await page.locator('.tree-row', { hasText: 'container' }).click();
    await page.locator('.chart').waitFor();
    for (const view of ['machines', 'messages', 'locks', 'store', 'actors']) {
      await page.locator(`.tab[data-view=${view}]`).click();
      await soon(() => page.locator('main').textContent()).toContain('onerror=alert(1)');
    }
    expect(await page.locator('main img, main script').count()).toBe(0);
    await runtime.finalize();
  });

  it('follows the demo: containers that are destroyed leave the tree, and the store shows who stands on what', async (context) => {
    needs(context, 'root', 'unshare');
    const demo = start(['demo', '--inspect'], { TMPDIR: folder });
    try {
      await demo.said('/inspector/#token=');
      const address = /http:\S+/.exec(demo.texts.stdout)![0];
      const page = await browser.open(address, 'actors');
      await soon(() => actorNames(page)).toContain('container hello');
      await demo.said('The agent is still up');
      await soon(() => actorNames(page)).not.toContain('container hello');
      expect(await actorNames(page)).toContain('container library');
      expect(await actorNames(page)).toContain('provisioner-lock');

      await page.locator('.tab[data-view=store]').click();
      const kept = page.locator('.store-item.layer', { hasText: 'used by container library' });
      await soon(() => kept.count()).toBeGreaterThan(0);
      await page.locator('.tab[data-view=machines]').click();
      const kinds = await page.locator('.kind').evaluateAll((all) => all.map((kind) => kind.firstChild!.textContent));
      expect(kinds.toSorted()).toEqual(['container', 'lease', 'process', 'pull', 'readWriteLock']);
      await page.locator('.kind', { hasText: 'container' }).click();
      await soon(() => page.locator('.chart-state.counted .chart-name').allTextContents()).toContain('RUNNING');
      await page.close();
    } finally {
      demo.child.kill('SIGINT');
      await demo.outcome;
    }
  }, 180_000);
});

function failureFileOf(fail: () => unknown): string {
  try {
    fail();
  } catch (error) {
    if (error instanceof SimulationError && error.origin.file !== undefined) return error.origin.file;
    throw error;
  }
  throw new Error('the scenario did not fail');
}

class Named extends Process<Named> {
  say(text: string): string {
    return text;
  }
}

const emptyPicture: StorePicture = {
  at: '2026-01-01T00:00:00Z', containers: [], images: [], layers: [], trash: [], plan: { images: [], layers: [], bytes: 0 },
};
