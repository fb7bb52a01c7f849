import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ContainerConfig, DockerContainerizerOptions } from '@keelson/containerizer';
import { containerConfig, ContainerPaths, DockerContainerizer } from '@keelson/containerizer';
import { HttpClient, LocalFiles, LocalHost, PoolExecutor } from '@keelson/os';
import type { Future, PID } from '@keelson/process';
import { RealClock, Runtime } from '@keelson/process';
import { FakeEngine } from './fake-engine.js';

export const image = 'docker.io/library/app:latest';

/** A docker containerizer on real files, before an engine in this process. */
export class DockerWorld {
  readonly folder = mkdtempSync(join(tmpdir(), 'keelson-docker-'));
  readonly paths = new ContainerPaths(this.folder);
  readonly engine = new FakeEngine(join(this.folder, 'engine.sock'));
  readonly log: string[] = [];
  readonly http = new HttpClient();
  readonly #executor = new PoolExecutor({ maxThreads: 1 });
  readonly #runtimes: Runtime[] = [];

  async open(): Promise<this> {
    await this.engine.listen();
    this.engine.addImage(image);
    return this;
  }

  /** A containerizer that has recovered. A second one is a later life on the same files. */
  async start(options: Partial<DockerContainerizerOptions> = {}): Promise<PID<DockerContainerizer>> {
    const containerizer = this.spawn(options);
    await containerizer.recover();
    return containerizer;
  }

  spawn(options: Partial<DockerContainerizerOptions> = {}): PID<DockerContainerizer> {
    const runtime = new Runtime();
    this.#runtimes.push(runtime);
    const note = (message: string): void => void this.log.push(message);
    return runtime.spawn(
      new DockerContainerizer({
        paths: this.paths,
        files: new LocalFiles(),
        host: new LocalHost(),
        executor: this.#executor,
        http: this.http,
        random: runtime.random,
        clock: new RealClock(),
        socket: this.engine.socket,
        timeoutMs: 5_000,
        retryMs: 5,
        logger: { info: note, warn: note, error: note },
        ...options,
      }),
    );
  }

  /** Ends the actors of every life so far, as the end of their process would. */
  async endLives(): Promise<void> {
    for (const runtime of this.#runtimes.splice(0)) await runtime.finalize();
  }

  output(id: string, stream: 'stdout' | 'stderr' = 'stdout'): string {
    return readFileSync(this.paths[stream](id), 'utf8');
  }

  async close(): Promise<void> {
    await this.endLives();
    await this.engine.close();
    await this.#executor.close();
    this.http.close();
    rmSync(this.folder, { recursive: true, force: true });
  }
}

/** What a container of these tests is asked to be. */
export function app(wanted: Partial<ContainerConfig> = {}): ContainerConfig {
  return containerConfig({ type: 'DOCKER', image: { type: 'DOCKER', name: 'app' }, stdio: 'sandbox', ...wanted });
}

/** The code something fails with; `none` when it does not. */
export async function codeOf(future: Future<unknown> | Promise<unknown>): Promise<string> {
  return Promise.resolve(future).then(
    () => 'none',
    (error: { code?: string; message: string }) => error.code ?? `no code: ${error.message}`,
  );
}

/** Ready once `holds` does; what it looks at changes by events of this process alone. */
export async function until(holds: () => boolean): Promise<void> {
  while (!holds()) await new Promise((resolve) => setImmediate(resolve));
}
