/**
 * `npm run docs:images`: an agent with the images of the demo, looked at in headless Chromium. Writes one picture of
 * every view, light and dark, and two of a narrow window, below docs/images. Needs root and chromium. The locks are
 * those of a simulated agent: a real one holds its lock too shortly to count on a prune that comes meanwhile.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Agent } from '@keelson/agent';
import { createKeelsonInspector } from '@keelson/inspector';
import { makeSimulatedImage, SimulatedWorld } from '@keelson/simulation';
import { chromium } from 'playwright-core';
import { assembleDemoImages } from '../../packages/cli/dist/demo/demo-images.js';
import { DemoRegistry } from '../../packages/cli/dist/demo/demo-registry.js';

const target = fileURLToPath(new URL('../../docs/images/', import.meta.url));
const root = mkdtempSync(join(tmpdir(), 'keelson-'));
const { content, images } = await assembleDemoImages();
const registry = await DemoRegistry.listen(content);
const agent = Agent.create({ root });
const simulated = createKeelsonInspector({ title: 'a simulated agent' });
const browser = await chromium.launch({ executablePath: '/usr/bin/chromium', args: ['--no-sandbox'] });
try {
  await agent.start();
  const address = await agent.inspect({ recordEvents: true });
  const references = images.map(({ repository, tag }) => `${registry.host}/${repository}:${tag}`);
  for (const reference of references) await agent.pull(reference);
  await makeStory(references);
  pruneBetweenLaunches(simulated);
  const { url: addressOfLocks } = await simulated.listen();
  for (const theme of ['light', 'dark']) {
    await takeAll(address, theme);
    await takeLocks(addressOfLocks, theme);
  }
} finally {
  await browser.close();
  await simulated.close();
  for (const { id } of await agent.containers()) await settled(agent.destroy(id));
  await agent.close();
  await registry.close();
  rmSync(root, { recursive: true, force: true });
}

/** Waits for what may fail. */
async function settled(future) {
  try {
    await future;
  } catch (error) {
    console.log(error.message);
  }
}

/** Containers that stay and some that go, and prunes beside launches. */
async function makeStory([hello, tally, library]) {
  await agent.launch({ id: 'web', image: library, stdio: 'sandbox' });
  await agent.launch({ id: 'counter', image: tally, stdio: 'sandbox' });
  for (let round = 0; round < 6; round += 1) {
    const ids = ['one', 'two', 'three'].map((name) => `${name}-${round}`);
    const made = ids.map((id) => agent.provision({ id, image: library }));
    // A little later each time, so that one of them comes between the steps of a launch.
    await new Promise((resolve) => setTimeout(resolve, round * 4));
    await agent.pruneImages({ exclude: [hello, tally, library] });
    await Promise.all(made);
    for (const id of ids) await agent.destroy(id);
  }
  await agent.destroy('counter');
  await settled(agent.pull(`${registry.host}/demo/missing:1`));
}

/** Of three launches one holds the lock when the prune asks for it, two ask after the prune. */
function pruneBetweenLaunches(inspector) {
  const world = new SimulatedWorld();
  inspector.watch(world.runtime);
  inspector.recorder.look();
  world.registry.put('web', 'latest', makeSimulatedImage([{ base: 'base' }, { web: 'web' }]));
  world.provisioner.recover([]);
  world.settle();
  const image = { type: 'DOCKER', name: 'registry.test/web' };
  for (const id of ['one', 'two', 'three']) world.provisioner.provision(id, image);
  const imageIsHere = () => inspector.recorder.ring.read(0).records.some(({ label }) => label === '#build');
  while (!imageIsHere()) if (!world.runtime.step()) throw new Error('no launch got its image');
  world.provisioner.pruneImages([]);
  world.settle();
}

async function takeLocks(address, theme) {
  const page = await browser.newPage({ viewport: { width: 1280, height: 800 }, colorScheme: theme });
  await page.goto(`${address}&view=locks`);
  await page.locator('.step.draining').last().click();
  await page.locator('.lock-state', { hasText: 'draining' }).waitFor();
  await page.screenshot({ path: join(target, `inspector-locks-${theme}.png`) });
  await page.setViewportSize({ width: 390, height: 780 });
  if (theme === 'dark') await page.screenshot({ path: join(target, 'inspector-narrow-dark.png') });
  await page.close();
}

async function takeAll(address, theme) {
  const page = await browser.newPage({ viewport: { width: 1280, height: 800 }, colorScheme: theme });
  const take = (name) => page.screenshot({ path: join(target, `inspector-${name}-${theme}.png`) });
  await page.goto(`${address}&view=actors`);
  await page.locator('.tree-row', { hasText: 'container web' }).click();
  await page.locator('.detail .chart').waitFor();
  await take('actors');
  await page.locator('.tab[data-view=machines]').click();
  await page.locator('.chart-state.active', { hasText: 'RUNNING' }).first().waitFor();
  await take('machines');
  await page.locator('.tab[data-view=messages]').click();
  await page.waitForTimeout(500);
  // A continuation: what led to it is a chain.
  await page.locator('.message', { hasText: 'pull…' }).first().locator('.message-target').click();
  await page.waitForTimeout(500);
  await take('messages');
  await page.keyboard.press('End');
  await page.locator('.tab[data-view=store]').click();
  await page.locator('.store-item').first().waitFor();
  await page.waitForTimeout(500);
  await take('store');
  await page.setViewportSize({ width: 390, height: 780 });
  await page.waitForTimeout(800);
  if (theme === 'light') await take('narrow');
  await page.close();
}
