import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Agent, PruneReport } from '@keelson/agent';
import type { Output } from '../output.js';
import { drawnPull } from '../drawn-pull.js';
import { formatBytes } from '../terminal/bytes.js';
import { count, planLines, shortObject } from '../terminal/prune-text.js';
import { waitForOutput } from './container-output.js';
import type { DemoImage } from './demo-images.js';
import { readyLine, signalDirectory, storyFirstLine, storyPath } from './demo-images.js';
import type { DemoRegistry } from './demo-registry.js';
import { DemoReport, Unavailable } from './demo-report.js';

/** Who runs to the end of the demo, and reads a file after the prune. */
const survivor = 'library';

/**
 * The steps of the demo that need an agent. Each either really happens, or is skipped with the machine's
 * reason, or throws.
 */
export class Tour {
  readonly report: DemoReport;
  reclaimed: PruneReport | undefined;
  readonly #ended = new Set<string>();
  #launched: readonly string[] = [];

  constructor(
    private readonly agent: Agent,
    private readonly root: string,
    private readonly registry: DemoRegistry,
    private readonly images: readonly DemoImage[],
    private readonly output: Output,
  ) {
    this.report = new DemoReport(output);
  }

  async run(): Promise<void> {
    const { report } = this;
    await report.step('pull', 'Pull three images that share layers', () => this.#pull());
    await report.step('launch', 'Launch a container from each', () => this.#launch());
    await report.step('end', 'End two of them', () => this.#endTwo());
    await report.step('plan', 'Ask what a prune would do', () => this.#plan());
    await report.step('prune', `Prune while ${survivor} runs`, () => this.#prune());
    await report.step('read', `Let ${survivor} read a file of its image now`, () => this.#read());
    await report.step('reclaim', 'Look at what was reclaimed', () => this.#reclaim());
  }

  async #pull(): Promise<string> {
    let downloadedBytes = 0;
    let reused = 0;
    for (const image of this.images) {
      const reference = this.#reference(image);
      const pulled = await drawnPull(this.output, nameOf(image), (onProgress) =>
        this.agent.pull(reference, { onProgress }),
      );
      const here = pulled.layers.filter((layer) => layer.reused).length;
      downloadedBytes += pulled.bytesDownloaded;
      reused += here;
      const cost = `${formatBytes(pulled.bytesDownloaded)} fetched, ${count(here, 'layer')} here already`;
      this.report.detail(`${nameOf(image).padEnd(8)} ${image.about}; ${this.output.paint('gray', cost)}`);
    }
    const blobs = this.registry.accessLog
      .filter(({ path }) => path.includes('/blobs/'))
      .map(({ path }) => digestIn(path));
    const twice = blobs.length - new Set(blobs).size;
    if (twice > 0) throw new Error(`the registry served ${count(twice, 'blob')} more than once`);
    const shared = `${count(reused, 'layer')} shared, so no blob was fetched twice`;
    return `${formatBytes(downloadedBytes)} over the wire; ${shared}`;
  }

  async #launch(): Promise<string> {
    const signals = this.#signals();
    await mkdir(signals, { recursive: true });
    const launched: string[] = [];
    for (const image of this.images) {
      const id = nameOf(image);
      const volumes =
        id === survivor ? [{ hostPath: signals, containerPath: signalDirectory, readOnly: true }] : [];
      try {
        await this.agent.launch({ id, image: this.#reference(image), volumes, stdio: 'sandbox' });
      } catch (error) {
        if ((error as { code?: unknown }).code !== 'NO_LAUNCHER') throw error;
        // Something must still stand on layers, or the prune has nothing to spare.
        await this.agent.provision({ id: survivor, image: this.#reference(this.images.at(-1)!) });
        throw new Unavailable(`NO_LAUNCHER: ${(error as Error).message}`);
      }
      launched.push(id);
      this.#launched = launched;
      this.agent.wait(id).onAny(() => this.#ended.add(id));
      const printed = await waitForOutput(this.#stdout(id), `${readyLine}\n`, () => this.#ended.has(id));
      this.report.said(id, printed.replace(`${readyLine}\n`, ''));
    }
    const { backend, launcher } = (await this.agent.containers()).find(({ id }) => id === survivor)!;
    return `${count(launched.length, 'container')} run, by ${launcher ?? '?'} on ${backend ?? '?'} root filesystems`;
  }

  async #endTwo(): Promise<string> {
    this.#needLaunched();
    const leaving = this.#launched.filter((id) => id !== survivor);
    for (const id of leaving) await this.agent.destroy(id);
    return `${leaving.join(' and ')} are gone, with their root filesystems; ${survivor} goes on`;
  }

  async #plan(): Promise<string> {
    const plan = await this.agent.plan();
    for (const line of planLines(plan, this.output.paint).slice(0, -1)) this.report.detail(line);
    if (plan.remove.images.length === 0) throw new Error('the plan removes no image, but two are unused');
    return `${count(plan.remove.images.length, 'image')} would go and free ${formatBytes(plan.uniqueBytes)}`;
  }

  async #prune(): Promise<string> {
    const report = await this.agent.pruneImages({ wait: true });
    this.reclaimed = report;
    for (const { object } of report.kept) {
      const { chains } = await this.agent.why(object);
      const chain = chains[0]?.map(shortObject).join(' → ');
      if (chain) this.report.detail(`${this.output.paint('green', 'kept')}    ${chain}`);
    }
    const { images, layers } = report.removed;
    return `${count(images.length, 'image')} and ${count(layers.length, 'layer')} are gone; the rest stands`;
  }

  async #read(): Promise<string> {
    if (this.#launched.length === 0) {
      const standing = (await this.agent.containers()).find(({ id }) => id === survivor);
      const story = await readFile(join(standing?.rootfs ?? '', storyPath), 'utf8');
      this.report.said('rootfs', story);
      throw new Unavailable('NO_LAUNCHER: no container could read it; read from its root filesystem instead');
    }
    await writeFile(join(this.#signals(), 'read'), '');
    const printed = await waitForOutput(this.#stdout(survivor), storyFirstLine, () =>
      this.#ended.has(survivor),
    );
    this.report.said(survivor, printed.slice(printed.indexOf(storyFirstLine)));
    if (this.#ended.has(survivor)) throw new Error(`${survivor} ended, but should still run`);
    return 'a program it never ran before read a file it never opened before';
  }

  async #reclaim(): Promise<string> {
    const { planned, unlinked, measured } = this.reclaimed!.bytes;
    this.report.detail(
      `planned ${formatBytes(planned)}, unlinked ${formatBytes(unlinked)}, free space won ${formatBytes(measured)}`,
    );
    if (unlinked <= 0) throw new Error('the sweep unlinked nothing');
    return `${formatBytes(unlinked)} reclaimed, while nothing anybody stands on was touched`;
  }

  #needLaunched(): void {
    if (this.#launched.length === 0) throw new Unavailable('NO_LAUNCHER: nothing was launched');
  }

  #reference(image: DemoImage): string {
    return `${this.registry.host}/${image.repository}:${image.tag}`;
  }

  #signals(): string {
    return join(this.root, 'demo-signals');
  }

  #stdout(id: string): string {
    return join(this.root, 'sandboxes', id, 'stdout');
  }
}

function nameOf(image: DemoImage): string {
  return image.repository.split('/').at(-1)!;
}

function digestIn(path: string): string {
  return path.split('/').at(-1)!;
}
