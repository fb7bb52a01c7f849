import type { ImageErrorCode } from './image-error.js';
import { ImageError } from './image-error.js';
import { structuralProblem } from './json-structure.js';

export interface JsonLimits {
  /** Default 4 MiB, as registries do. */
  readonly maxBytes?: number;
  /** Nested arrays and objects; default 64. */
  readonly maxDepth?: number;
}

/**
 * A place in an untrusted JSON document. Each question it answers is checked, and a refusal names the
 * place.
 *
 * Unknown fields are no business of ours: the bytes stay what was hashed, this is only a view of them.
 */
export class JsonCursor {
  private constructor(
    private readonly value: unknown,
    private readonly place: string,
    private readonly code: ImageErrorCode,
  ) {}

  /** @throws ImageError `code`  not JSON in UTF-8, not an object, too long or too deep */
  static parse(bytes: Uint8Array, what: string, code: ImageErrorCode, limits: JsonLimits = {}): JsonCursor {
    return new JsonCursor(parseJson(bytes, what, code, limits), what, code).asObject();
  }

  /** The elements of a document that is an array. Throws as `parse`. */
  static parseArray(
    bytes: Uint8Array,
    what: string,
    code: ImageErrorCode,
    limits: JsonLimits = {},
  ): JsonCursor[] {
    return new JsonCursor({ '': parseJson(bytes, what, code, limits) }, what, code).array('');
  }

  /** Go writes an absent slice or map as `null`: it counts as missing. */
  has(key: string): boolean {
    return this.#own(key) !== undefined;
  }

  object(key: string): JsonCursor {
    return this.#at(key).asObject();
  }

  optionalObject(key: string): JsonCursor | undefined {
    return this.has(key) ? this.object(key) : undefined;
  }

  /** The elements of an array; empty where it is missing. */
  array(key: string): JsonCursor[] {
    const found = this.#own(key);
    if (found === undefined) return [];
    if (!Array.isArray(found)) throw this.#at(key).refused('an array');
    const at = (index: number) => `${this.place}.${key}[${index}]`;
    return found.map((element: unknown, index) => new JsonCursor(element, at(index), this.code));
  }

  string(key: string): string {
    return this.#at(key).asString();
  }

  optionalString(key: string): string | undefined {
    return this.has(key) ? this.string(key) : undefined;
  }

  /** A size or count: an integer from 0 that a double holds exactly. */
  size(key: string): number {
    const { value } = this.#at(key);
    if (!Number.isSafeInteger(value) || (value as number) < 0) throw this.#at(key).refused('a size');
    return value as number;
  }

  strings(key: string): string[] {
    return this.array(key).map((element) => element.asString());
  }

  /** A map of strings; empty where it is missing. */
  stringMap(key: string): Record<string, string> {
    const map = this.optionalObject(key);
    if (map === undefined) return {};
    return Object.fromEntries(map.keys().map((name) => [name, map.string(name)]));
  }

  keys(): string[] {
    return Object.keys(this.value as object);
  }

  asString(): string {
    if (typeof this.value !== 'string') throw this.refused('a string');
    // A NUL would cut the text short in every system call it reaches.
    if (this.value.includes('\0')) throw this.refused('a string without NUL');
    return this.value;
  }

  asObject(): this {
    const { value } = this;
    if (typeof value !== 'object' || value === null || Array.isArray(value)) throw this.refused('an object');
    return this;
  }

  /** The error to throw when what stands here is not `expected`. */
  refused(expected: string): ImageError {
    return new ImageError(this.code, `${this.place} is not ${expected}`);
  }

  #at(key: string): JsonCursor {
    return new JsonCursor(this.#own(key), `${this.place}.${key}`, this.code);
  }

  #own(key: string): unknown {
    const object = this.value as Record<string, unknown>;
    return Object.hasOwn(object, key) ? (object[key] ?? undefined) : undefined;
  }
}

function parseJson(bytes: Uint8Array, what: string, code: ImageErrorCode, limits: JsonLimits): unknown {
  const { maxBytes = 4 * 1024 * 1024, maxDepth = 64 } = limits;
  if (bytes.length > maxBytes) throw new ImageError(code, `the ${what} is longer than ${maxBytes} bytes`);
  const problem = structuralProblem(bytes, maxDepth);
  if (problem !== undefined) throw new ImageError(code, `the ${what} ${problem}`);
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch (error) {
    throw new ImageError(code, `the ${what} is not JSON: ${(error as Error).message}`, { cause: error });
  }
}
