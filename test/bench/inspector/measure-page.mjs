import { fork } from 'node:child_process';
import { once } from 'node:events';
import { accessSync } from 'node:fs';

const views = ['actors', 'machines', 'messages', 'locks', 'store'];
const executablePath = '/usr/bin/chromium';

/** Opens the page on a busy program; answers frames a second of each view, and memory at the beginning and the end. */
export async function measurePage({ seconds, minutes }) {
  try {
    accessSync(executablePath);
  } catch {
    return 'chromium is not installed';
  }
  const { chromium } = await import('playwright-core');
  const program = fork(new URL('./busy-program.mjs', import.meta.url), { execArgv: ['--expose-gc'] });
  const [url] = await once(program, 'message');
  const args = process.geteuid?.() === 0 ? ['--no-sandbox'] : [];
  const browser = await chromium.launch({ executablePath, args });
  try {
    const page = await browser.newPage({ viewport: { width: 1280, height: 800 } });
    const devtools = await page.context().newCDPSession(page);
    await page.goto(`${url}&view=actors`);
    await page.locator('.tree-row').first().waitFor();
    await page.waitForTimeout(3_000);
    const begin = await programState(program);
    const beginMs = performance.now();
    const framesPerSecond = {};
    for (const view of views) {
      await page.locator(`.tab[data-view=${view}]`).click();
      await page.waitForTimeout(1_000);
      framesPerSecond[view] = await page.evaluate(countFrames, seconds);
    }
    await page.locator('.tab[data-view=actors]').click();
    const samples = await watchMemory(program, devtools, minutes);
    const end = await programState(program);
    const eventsPerSecond = ((end.events - begin.events) / (performance.now() - beginMs)) * 1_000;
    const ofProgram = halves(samples.map(({ heapUsed }) => heapUsed));
    const ofPage = halves(samples.map((sample) => sample.page));
    return { framesPerSecond, eventsPerSecond, memory: { program: ofProgram, page: ofPage } };
  } finally {
    await browser.close();
    program.kill();
  }
}

/** In the page. */
function countFrames(seconds) {
  return new Promise((resolve) => {
    const begin = performance.now();
    let frames = 0;
    const frame = (now) => {
      frames += 1;
      if (now - begin < seconds * 1_000) requestAnimationFrame(frame);
      else resolve((frames / (now - begin)) * 1_000);
    };
    requestAnimationFrame(frame);
  });
}

async function programState(program) {
  program.send('state');
  const [state] = await once(program, 'message');
  return state;
}

/** Live bytes, after a collection each, so that rubbish does not count. */
async function watchMemory(program, devtools, minutes) {
  await devtools.send('HeapProfiler.enable');
  const samples = [];
  const count = 12;
  for (let n = 0; n < count; n += 1) {
    await new Promise((resolve) => setTimeout(resolve, (minutes * 60_000) / count));
    await devtools.send('HeapProfiler.collectGarbage');
    const { usedSize } = await devtools.send('Runtime.getHeapUsage');
    samples.push({ ...(await programState(program)), page: usedSize });
  }
  return samples;
}

/** The mean of the first and of the second half, without the first quarter, in which rings fill. */
function halves(values) {
  const steady = values.slice(Math.floor(values.length / 4));
  const middle = Math.floor(steady.length / 2);
  const mean = (part) => part.reduce((sum, value) => sum + value, 0) / part.length;
  return { first: mean(steady.slice(0, middle)), second: mean(steady.slice(middle)) };
}
