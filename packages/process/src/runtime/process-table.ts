import type { Cell } from './cell.js';

/**
 * The live processes of a runtime by id. An id is a prefix and a number, so a million of them need no
 * strings.
 */
export class ProcessTable {
  readonly #families = new Map<string, Map<number, Cell>>();
  /** The last number given out per prefix; numbers are never reused. */
  readonly #last = new Map<string, number>();
  #size = 0;

  get size(): number {
    return this.#size;
  }

  /** The next free number of a prefix. */
  nextNumber(prefix: string): number {
    let number = (this.#last.get(prefix) ?? 0) + 1;
    while (this.get(prefix, number)) number += 1;
    this.#last.set(prefix, number);
    return number;
  }

  add(cell: Cell): void {
    let family = this.#families.get(cell.prefix);
    if (!family) this.#families.set(cell.prefix, (family = new Map()));
    family.set(cell.number, cell);
    this.#size += 1;
  }

  remove(cell: Cell): void {
    const family = this.#families.get(cell.prefix);
    if (family?.get(cell.number) !== cell) return;
    family.delete(cell.number);
    if (family.size === 0) this.#families.delete(cell.prefix);
    this.#size -= 1;
  }

  get(prefix: string, number: number): Cell | undefined {
    return this.#families.get(prefix)?.get(number);
  }

  *[Symbol.iterator](): Generator<Cell> {
    for (const family of this.#families.values()) yield* family.values();
  }
}

/** `store(3)` as its parts; an id of any other form is all prefix, with the number 0. */
export function parseId(id: string): { prefix: string; number: number } {
  const match = /^(.*)\(([1-9]\d{0,14})\)$/s.exec(id);
  return match ? { prefix: match[1]!, number: Number(match[2]) } : { prefix: id, number: 0 };
}
