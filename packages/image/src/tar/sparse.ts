import { ImageError } from '../image-error.js';
import { readDecimal, readNumber } from './numbers.js';

/** A stretch of data between holes. */
export interface SparseSegment {
  readonly offset: number;
  readonly length: number;
}

/** A file of that many pieces is an attack on memory. */
const mostSegments = 1 << 18;

/**
 * Refuses a map that overlaps, goes backwards, leaves the file, or does not fit what is stored.
 *
 * @throws ImageError TAR_INVALID
 */
export function checkSegments(
  segments: readonly SparseSegment[],
  storedBytes: number,
  sizeBytes: number,
): void {
  let end = 0;
  let total = 0;
  for (const { offset, length } of segments) {
    if (offset < end) throw malformed('overlaps');
    end = offset + length;
    total += length;
  }
  if (end > sizeBytes) throw malformed('leaves the file');
  if (total !== storedBytes) throw malformed('does not fit the data');
}

/**
 * Four segments stand in the header of an old GNU sparse file. @returns whether a block with more follows
 */
export function readGnuSegments(header: Buffer, into: SparseSegment[]): boolean {
  addGnuSegments(header, 386, 4, into);
  return header[482] !== 0;
}

/** @returns whether another such block follows */
export function readMoreGnuSegments(block: Buffer, into: SparseSegment[]): boolean {
  addGnuSegments(block, 0, 21, into);
  return block[504] !== 0;
}

/** The size with holes of an old GNU sparse file. */
export function readGnuRealSize(header: Buffer): number {
  return readNumber(header, 483, 12);
}

function addGnuSegments(block: Buffer, start: number, count: number, into: SparseSegment[]): void {
  for (let index = 0; index < count; index++) {
    const at = start + index * 24;
    if (block[at] === 0) return;
    addSegment(into, readNumber(block, at, 12), readNumber(block, at + 12, 12));
  }
}

/** A map of PAX format 0.1: `offset,length,offset,length`. */
export function readSegmentList(text: string): SparseSegment[] {
  const numbers = text === '' ? [] : text.split(',', 2 * mostSegments + 1).map(readDecimal);
  if (numbers.length % 2 !== 0) throw malformed('is cut short');
  const segments: SparseSegment[] = [];
  for (let index = 0; index < numbers.length; index += 2)
    addSegment(segments, numbers[index]!, numbers[index + 1]!);
  return segments;
}

/**
 * Reads a map of PAX format 1.0, which stands in blocks before the data: a count, then pairs, a line for
 * each number.
 */
export class SparseMapReader {
  readonly segments: SparseSegment[] = [];
  #digits = '';
  #count: number | undefined;
  #offset: number | undefined;

  /** @returns whether the map is complete; what is left of that block is padding */
  push(block: Buffer): boolean {
    for (const byte of block) {
      if (byte !== 0x0a) {
        if (this.#digits.length > 16) throw malformed('has a number without end');
        this.#digits += String.fromCharCode(byte);
        continue;
      }
      this.#take(readDecimal(this.#digits));
      this.#digits = '';
      if (this.segments.length === this.#count) return true;
    }
    return false;
  }

  #take(number: number): void {
    if (this.#count === undefined) {
      if (number > mostSegments) throw tooMany();
      this.#count = number;
    } else if (this.#offset === undefined) {
      this.#offset = number;
    } else {
      addSegment(this.segments, this.#offset, number);
      this.#offset = undefined;
    }
  }
}

function addSegment(segments: SparseSegment[], offset: number, length: number): void {
  if (segments.length >= mostSegments) throw tooMany();
  if (offset < 0 || length < 0 || !Number.isSafeInteger(offset + length)) throw malformed('leaves the file');
  // GNU tar ends a map with an empty segment at the end of the file; it says nothing more than the size
  // does.
  segments.push({ offset, length });
}

function malformed(how: string): ImageError {
  return new ImageError('TAR_INVALID', `the map of a sparse file ${how}`);
}

function tooMany(): ImageError {
  return new ImageError('TAR_LIMIT', `a sparse file has more than ${mostSegments} pieces`);
}
