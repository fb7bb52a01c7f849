import { readFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';

const pollMs = 20;
const patienceMs = 20_000;

/**
 * Waits until the file that gets a container's output contains `text`, and answers all of it.
 *
 * @throws Error  when `ended` says that the container is over, or after 20 seconds
 */
export async function waitForOutput(path: string, text: string, ended: () => boolean): Promise<string> {
  const deadline = performance.now() + patienceMs;
  for (;;) {
    const over = ended();
    const printed = await readFile(path, 'utf8').catch(() => '');
    if (printed.includes(text)) return printed;
    if (over) {
      throw new Error(`the container ended before it printed "${text}"; it printed: ${printed || 'nothing'}`);
    }
    if (performance.now() > deadline) {
      throw new Error(`the container printed no "${text}" within ${patienceMs / 1000} s`);
    }
    await sleep(pollMs);
  }
}
