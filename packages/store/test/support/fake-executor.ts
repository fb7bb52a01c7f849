import { digestOf } from '@keelson/image';
import type { ExecuteOptions, Executor } from '@keelson/process';
import { Deferred, Future } from '@keelson/process';
import type { MemoryFiles } from './memory-files.js';

interface UnpackInput {
  readonly blobPath: string;
  readonly target: string;
  readonly lower: readonly { readonly rootfs: string }[];
  readonly expectedDiffId: string;
}

/** Unpacks a blob into one file that holds its text, and removes trees, both in memory. */
export class FakeExecutor implements Executor {
  readonly jobs: { readonly name: string; readonly input: unknown; readonly options?: ExecuteOptions }[] = [];
  #faults: { name: string; match: RegExp; error: Error; times: number }[] = [];
  #gate: { readonly name: string; readonly opened: Deferred<void> } | undefined;

  constructor(private readonly files: MemoryFiles) {}

  fail(name: string, match: RegExp, error: Error, times = Infinity): void {
    this.#faults.push({ name, match, error, times });
  }

  /** Jobs of that name wait until the answered function is called. */
  hold(name: string): () => void {
    const gate = (this.#gate = { name, opened: new Deferred<void>() });
    return () => {
      this.#gate = undefined;
      gate.opened.set(undefined);
    };
  }

  unpacked(): string[] {
    return this.jobs
      .filter((job) => job.name === 'store.unpack-layer')
      .map((job) => (job.input as UnpackInput).expectedDiffId);
  }

  execute<R>(job: { readonly name: string; readonly input: unknown }, options?: ExecuteOptions): Future<R> {
    this.jobs.push({ ...job, ...(options && { options }) });
    if (this.#gate?.name === job.name)
      return this.#gate.opened.future.undiscardable().then(() => this.#run<R>(job));
    return this.files.via(() => this.#run<R>(job));
  }

  #run<R>(job: { readonly name: string; readonly input: unknown }): Future<R> {
    const text = JSON.stringify(job.input);
    const fault = this.#faults.find(
      (each) => each.name === job.name && each.times > 0 && each.match.test(text),
    );
    if (fault) {
      fault.times -= 1;
      return Future.failed(fault.error);
    }
    if (job.name === 'os.remove-tree') {
      const { path } = job.input as { path: string };
      return Future.ready({ unlinkedBytes: 10, entries: this.files.removeTree(path) } as R);
    }
    if (job.name === 'store.hash-tree') {
      const { path } = job.input as { path: string };
      return Future.ready({ digest: digestOf(Buffer.from(this.files.text(`${path}/content`))) } as R);
    }
    const { blobPath, target } = job.input as UnpackInput;
    const content = this.files.text(blobPath);
    this.files.put(`${target}/rootfs/content`, content);
    const sizeBytes = content.length;
    return Future.ready({
      whiteouts: [],
      opaques: [],
      sizeBytes,
      allocatedBytes: sizeBytes,
      entries: 1,
      contents: new Uint8Array(),
      plain: true,
    } as R);
  }
}
