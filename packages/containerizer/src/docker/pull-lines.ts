/** A line of progress is some hundred bytes. */
const maxLineLength = 1 << 20;

/**
 * The progress of a pull, as an engine tells it: JSON documents one after the other, the failure among them. A pull
 * answers 200 before it begins, so only its lines say how it went. Pure.
 */
export class PullLines {
  readonly #decoder = new TextDecoder();
  #rest = '';
  #lines = 0;
  #failure: string | undefined;

  push(chunk: Uint8Array): void {
    const lines = (this.#rest + this.#decoder.decode(chunk, { stream: true })).split('\n');
    this.#rest = lines.pop()!;
    for (const line of lines) this.#read(line);
    if (this.#rest.length > maxLineLength) {
      this.#failure ??= 'the engine says a line without an end';
      this.#rest = '';
    }
  }

  /** Why the pull failed, `undefined` when it did not. */
  end(): string | undefined {
    this.#read(this.#rest + this.#decoder.decode());
    this.#rest = '';
    return this.#failure ?? (this.#lines === 0 ? 'the engine said nothing about it' : undefined);
  }

  #read(line: string): void {
    if (line.trim() === '') return;
    this.#lines += 1;
    try {
      const { error, errorDetail } = JSON.parse(line) as { error?: unknown; errorDetail?: { message?: unknown } };
      const told = errorDetail?.message ?? error;
      if (told !== undefined) this.#failure ??= String(told).slice(0, 500);
    } catch {
      this.#failure ??= 'the engine says what is no JSON document';
    }
  }
}
