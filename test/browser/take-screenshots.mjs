/**
 * `npm run docs:images`: an agent with the images of the demo, looked at in headless Chromium. Writes one picture of
 * every view, light and dark, and two of a narrow window, below docs/images. Needs root and chromium.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Agent } from '@keelson/agent';
import { chromium } from 'playwright-core';
import { assembleDemoImages } from '../../packages/cli/dist/demo/demo-images.js';
import { DemoRegistry } from '../../packages/cli/dist/demo/demo-registry.js';

const target = fileURLToPath(new URL('../../docs/images/', import.meta.url));
const root = mkdtempSync(join(tmpdir(), 'keelson-'));
const { content, images } = await assembleDemoImages();
const registry = await DemoRegistry.listen(content);
const agent = Agent.create({ root });
const browser = await chromium.launch({ executablePath: '/usr/bin/chromium', args: ['--no-sandbox'] });
try {
  await agent.start();
  const address = await agent.inspect({ recordEvents: true });
  const references = images.map(({ repository, tag }) => `${registry.host}/${repository}:${tag}`);
  for (const reference of references) await agent.pull(reference);
  await makeStory(references);
  for (const theme of ['light', 'dark']) await takeAll(address, theme);
} finally {
  await browser.close();
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

/** Containers that stay and one that goes, and prunes that have to wait for launches. */
async function makeStory([hello, tally, library]) {
  await agent.launch({ id: 'web', image: library, stdio: 'sandbox' });
  await agent.launch({ id: 'counter', image: tally, stdio: 'sandbox' });
  for (let round = 0; round < 6; round += 1) {
    const ids = ['one', 'two', 'three'].map((name) => `${name}-${round}`);
    const made = ids.map((id) => agent.provision({ id, image: library }));
    // A little later each time, so that one of them comes while a launch is on record only half.
    await new Promise((resolve) => setTimeout(resolve, round * 4));
    await agent.pruneImages({ exclude: [hello, tally, library] });
    await Promise.all(made);
    for (const id of ids) await agent.destroy(id);
  }
  await agent.destroy('counter');
  await settled(agent.pull(`${registry.host}/demo/missing:1`));
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
  await page.locator('.tab[data-view=locks]').click();
  const draining = page.locator('.step.draining');
  if ((await draining.count()) > 0) await draining.last().click();
  await page.waitForTimeout(500);
  await take('locks');
  await page.keyboard.press('Escape');
  await page.locator('.tab[data-view=messages]').click();
  await page.waitForTimeout(500);
  await page.locator('.message-target').nth(-6).click();
  await page.waitForTimeout(500);
  await take('messages');
  await page.keyboard.press('End');
  await page.locator('.tab[data-view=store]').click();
  await page.locator('.store-item').first().waitFor();
  await page.waitForTimeout(500);
  await take('store');
  await page.setViewportSize({ width: 390, height: 780 });
  if (theme === 'dark') await page.locator('.tab[data-view=locks]').click();
  await page.waitForTimeout(800);
  await take('narrow');
  await page.close();
}
