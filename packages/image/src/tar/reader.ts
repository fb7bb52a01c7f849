import { ImageError } from '../image-error.js';
import type { TarEntry, TarHandler } from './entry.js';
import type { TarHeader } from './header.js';
import { blockSize, readHeader } from './header.js';
import { decimal, hasContent, makeEntry, override, storedBytesOf } from './overrides.js';
import type { PaxRecords } from './pax.js';
import { paxName, readPaxRecords, sparseMap } from './pax.js';
import type { SparseSegment } from './sparse.js';
import {
  checkSegments,
  readGnuRealSize,
  readGnuSegments,
  readMoreGnuSegments,
  readSegmentList,
  SparseMapReader,
} from './sparse.js';

/** A PAX header or long name of more bytes than this is refused (Go's `archive/tar` has the same bound). */
const mostMetadataBytes = 1024 * 1024;

/** What the next bytes of the archive are. */
type State = 'header' | 'metadata' | 'gnu-map' | 'pax-map' | 'data' | 'skip' | 'padding' | 'ended';

/**
 * Reads a tar archive that arrives in chunks: ustar, PAX, GNU and v7, with sparse files in all four ways
 * of writing them.
 *
 * It holds at most one block, one PAX header and one sparse map, however large the archive. `handler` is
 * called inside `write`. What follows the end mark is taken and ignored, so that the caller can hash
 * everything.
 *
 * @throws ImageError TAR_INVALID, TAR_TRUNCATED, TAR_UNSUPPORTED, TAR_LIMIT  from `write` and `end`
 * @example
 * const reader = new TarReader({ entry: ({ name }) => console.log(name), data() {}, end() {} });
 * for await (const chunk of stream) reader.write(chunk);
 * reader.end();
 */
export class TarReader {
  #state: State = 'header';
  readonly #partial = Buffer.alloc(blockSize);
  #partialBytes = 0;
  /** Bytes still to come in the present state. */
  #remaining = 0;
  #paddingBytes = 0;
  #sawZeroBlock = false;
  /** Bytes written or skipped, the present chunk included. */
  #passedBytes = 0;
  #headerEnd = 0;

  #metadata = Buffer.alloc(0);
  #metadataFlag = '';
  #global: PaxRecords | undefined;
  #local: PaxRecords | undefined;
  #gnuName: string | undefined;
  #gnuLinkName: string | undefined;

  /** The entry whose sparse map is being read. */
  #pending: TarEntry | undefined;
  #segments: SparseSegment[] = [];
  #segmentIndex = 0;
  #map: SparseMapReader | undefined;
  #position = 0;
  #segmentRemaining = 0;

  constructor(private readonly handler: TarHandler) {}

  /** Takes the next bytes of the archive; parts of `chunk` are handed on without a copy. */
  write(chunk: Buffer): void {
    let offset = 0;
    this.#passedBytes += chunk.length;
    while (offset < chunk.length) {
      switch (this.#state) {
        case 'ended':
          return;
        case 'metadata':
          offset = this.#takeMetadata(chunk, offset);
          break;
        case 'data':
          offset = this.#takeData(chunk, offset);
          break;
        case 'skip':
        case 'padding':
          offset = this.#passOver(chunk, offset);
          break;
        default:
          offset = this.#takeBlock(chunk, offset);
      }
    }
  }

  /** Where in the archive the content of the member just told of begins. Of no use for sparse ones. */
  get contentPosition(): number {
    return this.#headerEnd;
  }

  /** Bytes up to the next header, which are content of the present member and may be left out by `skip`. */
  get skippableBytes(): number {
    return this.#state === 'data' || this.#state === 'skip' || this.#state === 'padding'
      ? this.#remaining + this.#paddingBytes
      : 0;
  }

  /** As if all `skippableBytes` had been written, but that the handler gets no data. For archives on disk. */
  skip(): void {
    if (this.skippableBytes === 0) return;
    this.#passedBytes += this.skippableBytes;
    this.#remaining = this.#segmentRemaining = this.#paddingBytes = 0;
    if (this.#state === 'data') this.handler.end();
    this.#state = 'header';
  }

  /** Says that no more bytes come. @throws ImageError TAR_TRUNCATED  if some are missing */
  end(): void {
    // Both engines and GNU tar accept an archive without the end mark, as long as no member is cut.
    const isBetweenMembers = this.#state === 'header' && this.#partialBytes === 0 && !this.#hasOverrides();
    if (this.#state === 'ended' || isBetweenMembers) return;
    throw new ImageError('TAR_TRUNCATED', 'the archive ends in the middle of a member');
  }

  #hasOverrides(): boolean {
    return this.#local !== undefined || this.#gnuName !== undefined || this.#gnuLinkName !== undefined;
  }

  #takeBlock(chunk: Buffer, offset: number): number {
    const end = Math.min(chunk.length, offset + blockSize - this.#partialBytes);
    this.#headerEnd = this.#passedBytes - chunk.length + end;
    if (this.#partialBytes === 0 && chunk.length - offset >= blockSize) {
      this.#onBlock(chunk.subarray(offset, offset + blockSize));
      return offset + blockSize;
    }
    const taken = Math.min(blockSize - this.#partialBytes, chunk.length - offset);
    chunk.copy(this.#partial, this.#partialBytes, offset, offset + taken);
    this.#partialBytes += taken;
    if (this.#partialBytes === blockSize) {
      this.#partialBytes = 0;
      this.#onBlock(this.#partial);
    }
    return offset + taken;
  }

  #onBlock(block: Buffer): void {
    if (this.#state === 'header') this.#onHeader(block);
    else if (this.#state === 'gnu-map') this.#onGnuMap(block);
    else this.#onPaxMap(block);
  }

  #onHeader(block: Buffer): void {
    const header = readHeader(block);
    if (header === undefined) return this.#onZeroBlock();
    if (this.#sawZeroBlock)
      throw new ImageError('TAR_INVALID', 'the archive goes on behind a block of zeros');
    switch (header.typeFlag) {
      case 'x':
      case 'g':
      case 'L':
      case 'K':
        return this.#beginMetadata(header);
      case 'V':
        // A volume label, which is about the tape.
        return this.#beginContent('skip', storedBytesOf(header, undefined));
      default:
        return this.#beginMember(header, block);
    }
  }

  #onZeroBlock(): void {
    if (this.#hasOverrides())
      throw new ImageError('TAR_INVALID', 'a PAX header or long name belongs to no member');
    if (this.#sawZeroBlock) this.#state = 'ended';
    this.#sawZeroBlock = true;
  }

  #beginMetadata(header: TarHeader): void {
    const size = storedBytesOf(header, undefined);
    if (size > mostMetadataBytes)
      throw new ImageError('TAR_LIMIT', `a PAX header or long name has ${size} bytes`);
    this.#metadataFlag = header.typeFlag;
    // Filled bit by bit, so that a header which only claims a megabyte costs none.
    this.#metadata = Buffer.alloc(0);
    this.#beginContent('metadata', size);
    if (size === 0) this.#onMetadata();
  }

  #takeMetadata(chunk: Buffer, offset: number): number {
    const taken = Math.min(this.#remaining, chunk.length - offset);
    this.#metadata = Buffer.concat([this.#metadata, chunk.subarray(offset, offset + taken)]);
    this.#remaining -= taken;
    if (this.#remaining === 0) {
      this.#onMetadata();
      this.#endContent();
    }
    return offset + taken;
  }

  #onMetadata(): void {
    switch (this.#metadataFlag) {
      case 'x':
        this.#local = readPaxRecords(this.#metadata);
        return;
      case 'g':
        this.#global = new Map([...(this.#global ?? []), ...readPaxRecords(this.#metadata)]);
        return;
      case 'L':
        this.#gnuName = untilNul(this.#metadata);
        return;
      default:
        this.#gnuLinkName = untilNul(this.#metadata);
    }
  }

  #beginMember(header: TarHeader, block: Buffer): void {
    const records = this.#records();
    const entry = makeEntry(header, { records, gnuName: this.#gnuName, gnuLinkName: this.#gnuLinkName });
    this.#local = this.#gnuName = this.#gnuLinkName = undefined;

    const stored = hasContent(header.typeFlag) ? storedBytesOf(header, records) : 0;
    if (header.typeFlag === 'S') return this.#beginGnuSparse(entry, stored, block);
    if (entry.type === 'file' && isPaxSparse(records)) return this.#beginPaxSparse(entry, stored, records!);
    this.handler.entry(entry);
    if (entry.type !== 'file') {
      this.handler.end();
      return this.#beginContent('skip', stored);
    }
    this.#position = 0;
    this.#segments = [];
    this.#segmentRemaining = stored;
    this.#beginContent('data', stored);
  }

  /** The records that hold for the next member: its own, over those for all members. */
  #records(): PaxRecords | undefined {
    if (this.#global === undefined) return this.#local;
    return this.#local === undefined ? this.#global : new Map([...this.#global, ...this.#local]);
  }

  #beginGnuSparse(entry: TarEntry, stored: number, header: Buffer): void {
    this.#segments = [];
    this.#pending = { ...entry, sizeBytes: readGnuRealSize(header), isSparse: true };
    this.#setContent(stored);
    if (readGnuSegments(header, this.#segments)) this.#state = 'gnu-map';
    else this.#beginSparseData();
  }

  #onGnuMap(block: Buffer): void {
    if (!readMoreGnuSegments(block, this.#segments)) this.#beginSparseData();
  }

  #beginPaxSparse(entry: TarEntry, stored: number, records: PaxRecords): void {
    const size =
      override(records, 'GNU.sparse.realsize', decimal) ?? override(records, 'GNU.sparse.size', decimal);
    this.#pending = { ...entry, sizeBytes: size ?? stored, isSparse: true };
    this.#setContent(stored);
    if (override(records, 'GNU.sparse.major', decimal) === 1) {
      this.#map = new SparseMapReader();
      this.#state = 'pax-map';
      return;
    }
    this.#segments = readSegmentList(override(records, sparseMap, paxName) ?? '');
    this.#beginSparseData();
  }

  #onPaxMap(block: Buffer): void {
    if (this.#remaining < blockSize)
      throw new ImageError('TAR_INVALID', 'the map of a sparse file leaves its member');
    this.#remaining -= blockSize;
    if (!this.#map!.push(block)) return;
    this.#segments = this.#map!.segments;
    this.#map = undefined;
    this.#beginSparseData();
  }

  #beginSparseData(): void {
    const entry = this.#pending!;
    this.#pending = undefined;
    checkSegments(this.#segments, this.#remaining, entry.sizeBytes);
    this.#segmentIndex = 0;
    this.#segmentRemaining = 0;
    this.handler.entry(entry);
    this.#state = 'data';
    if (this.#remaining === 0) this.#endData();
  }

  #beginContent(state: State, size: number): void {
    this.#setContent(size);
    this.#state = state;
    if (size > 0) return;
    if (state === 'data') this.#endData();
    else this.#endContent();
  }

  #setContent(size: number): void {
    this.#remaining = size;
    this.#paddingBytes = (blockSize - (size % blockSize)) % blockSize;
  }

  #takeData(chunk: Buffer, offset: number): number {
    while (this.#segmentRemaining === 0) {
      const { offset: position, length } = this.#segments[this.#segmentIndex++]!;
      this.#position = position;
      this.#segmentRemaining = length;
    }
    const taken = Math.min(this.#segmentRemaining, chunk.length - offset);
    this.handler.data(chunk.subarray(offset, offset + taken), this.#position);
    this.#position += taken;
    this.#segmentRemaining -= taken;
    this.#remaining -= taken;
    if (this.#remaining === 0) this.#endData();
    return offset + taken;
  }

  #endData(): void {
    this.handler.end();
    this.#endContent();
  }

  #endContent(): void {
    this.#remaining = this.#paddingBytes;
    this.#paddingBytes = 0;
    this.#state = this.#remaining === 0 ? 'header' : 'padding';
  }

  #passOver(chunk: Buffer, offset: number): number {
    const taken = Math.min(this.#remaining, chunk.length - offset);
    this.#remaining -= taken;
    if (this.#remaining === 0) this.#endContent();
    return offset + taken;
  }
}

function isPaxSparse(records: PaxRecords | undefined): boolean {
  if (records === undefined) return false;
  const major = override(records, 'GNU.sparse.major', decimal);
  const minor = override(records, 'GNU.sparse.minor', decimal) ?? 0;
  if (major === undefined) return records.has(sparseMap);
  if ((major === 0 && minor <= 1) || (major === 1 && minor === 0)) return true;
  throw new ImageError('TAR_UNSUPPORTED', `a sparse file is in the unknown format ${major}.${minor}`);
}

/** A byte string, up to the NUL that ends it. */
function untilNul(bytes: Buffer): string {
  const end = bytes.indexOf(0);
  return bytes.toString('latin1', 0, end < 0 ? bytes.length : end);
}
