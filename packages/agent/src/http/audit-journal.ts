import { randomUUID } from 'node:crypto';
import type { FileHandle } from 'node:fs/promises';
import { mkdir, open, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Principal } from '../security/authenticator.js';

/** A call that is about to change something. Never holds a secret. */
export interface AuditedCall {
  /** What was asked for: `PRUNE_IMAGES`, `keelson rm`, `DELETE /v1/containers/{id}`. */
  readonly call: string;
  /** On what: an image, a container. */
  readonly subject?: string;
  readonly principal: Principal;
}

const maxFileBytes = 16 * 1024 * 1024;
/** Older ones go: with the current file 128 MiB at most. */
const keptFiles = 7;

/**
 * The append-only record of who changed what: `ROOT/events/journal.jsonl`, one JSON document a line. A call has one
 * line before it begins and one when it is over, joined by their `id`; one without the second was under way when the
 * agent was killed. At 16 MiB the file becomes `journal.jsonl.1`, and so on; eight are kept.
 *
 * A journal that cannot be written (a full disk) stops nothing: it is told once, and counted.
 */
export class AuditJournal {
  readonly #path: string;
  #writing: Promise<void> = Promise.resolve();
  #file: { readonly handle: FileHandle; sizeBytes: number } | undefined;
  #lost = 0;

  /** @param warn  told when lines are lost */
  constructor(
    private readonly folder: string,
    private readonly warn: (message: string) => void,
  ) {
    this.#path = join(folder, 'journal.jsonl');
  }

  /** Lines that could not be written. */
  get lost(): number {
    return this.#lost;
  }

  /** Settles once the call is on record, and answers what records its end. */
  async begin({ call, subject, principal }: AuditedCall): Promise<(outcome: string) => Promise<void>> {
    const id = randomUUID();
    const { name, via } = principal;
    await this.#append({ id, call, ...(subject !== undefined && { subject }), principal: name, via });
    return (outcome) => this.#append({ id, outcome });
  }

  async close(): Promise<void> {
    await this.#writing;
    await this.#file?.handle.close().catch(() => {});
    this.#file = undefined;
  }

  #append(entry: object): Promise<void> {
    const line = `${JSON.stringify({ at: new Date().toISOString(), ...entry })}\n`;
    this.#writing = this.#writing
      .then(() => this.#write(line))
      .catch((error: Error) => {
        if (this.#lost === 0) this.warn(`the audit journal cannot be written: ${error.message}`);
        this.#lost += 1;
        this.#file = undefined;
      });
    return this.#writing;
  }

  async #write(line: string): Promise<void> {
    const file = (this.#file ??= await this.#open());
    await file.handle.appendFile(line);
    file.sizeBytes += Buffer.byteLength(line);
    if (file.sizeBytes < maxFileBytes) return;
    this.#file = undefined;
    await file.handle.close();
    await rm(`${this.#path}.${keptFiles}`, { force: true });
    for (let age = keptFiles - 1; age >= 1; age -= 1) {
      await rename(`${this.#path}.${age}`, `${this.#path}.${age + 1}`).catch(ignoreMissing);
    }
    await rename(this.#path, `${this.#path}.1`);
  }

  async #open(): Promise<{ handle: FileHandle; sizeBytes: number }> {
    await mkdir(this.folder, { recursive: true, mode: 0o700 });
    const handle = await open(this.#path, 'a', 0o600);
    return { handle, sizeBytes: (await handle.stat()).size };
  }
}

function ignoreMissing(error: NodeJS.ErrnoException): void {
  if (error.code !== 'ENOENT') throw error;
}
