import type { Executor } from '@keelson/process';
import { Deferred, Future } from '@keelson/process';
import type { MemoryFiles } from './memory-files.js';

/** Runs the jobs of the provisioner on files in memory, and records them. */
export class MemoryExecutor implements Executor {
  readonly jobs: { readonly name: string; readonly input: unknown }[] = [];
  /** Set to fail the copy after it has made its target. */
  copyFailure: string | undefined;
  /** What every copy answers that it could not keep. */
  skipped: { readonly path: string; readonly why: string }[] = [];

  /** Jobs that wait for `release`, once `hold` was called. */
  #held: (() => void)[] | undefined;

  constructor(private readonly files: MemoryFiles) {}

  execute<R>(job: { name: string; input: unknown }): Future<R> {
    this.jobs.push(job);
    if (!this.#held) return this.#start(job);
    const answer = new Deferred<R>();
    this.#held.push(() => void answer.associate(this.#start<R>(job)));
    return answer.future;
  }

  hold(): void {
    this.#held ??= [];
  }

  release(): void {
    const held = this.#held ?? [];
    this.#held = undefined;
    for (const start of held) start();
  }

  #start<R>(job: { name: string; input: unknown }): Future<R> {
    try {
      return Future.ready(this.#run(job) as R) as Future<R>;
    } catch (error) {
      return Future.failed(error);
    }
  }

  #run({ name, input }: { name: string; input: unknown }): unknown {
    if (name === 'os.remove-tree') {
      this.files.removeTree((input as { path: string }).path);
      return { unlinkedBytes: 0, entries: 0 };
    }
    if (name === 'provisioner.copy-layers') {
      this.files.makeDirectories((input as { target: string }).target);
      if (this.copyFailure) throw Object.assign(new Error('no space left on device'), { code: this.copyFailure });
      return { entries: 1, bytes: 1, skipped: this.skipped, skippedCount: this.skipped.length };
    }
    throw new Error(`No job '${name}'`);
  }
}
