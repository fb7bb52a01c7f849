import { UnpackError } from './unpack-error.js';

/** What one layer may cost. All of it is checked while streaming. */
export interface UnpackLimits {
  /** Of the uncompressed archive. */
  readonly maxUnpackedBytes: number;
  /** Uncompressed by compressed size, once more than `ratioFloorBytes` came out. */
  readonly maxRatio: number;
  readonly ratioFloorBytes: number;
  readonly maxEntries: number;
  /**
   * Of one component, and of a whole path. Trees are also reached by path, so this stays well below
   * PATH_MAX.
   */
  readonly maxNameBytes: number;
  readonly maxPathBytes: number;
  /** Components of a path. An open descriptor is held for each. */
  readonly maxDepth: number;
  /** Sizes of all files with their holes. */
  readonly maxLogicalBytes: number;
}

/** Links can make a short name a long way; no image needs more steps than these for its entries. */
const freeSteps = 100_000;
const stepsPerEntry = 100;

/** PATH_MAX without its NUL: no kernel stores a longer one. */
const mostLinkTargetBytes = 4095;

const gibibyte = 2 ** 30;

export const defaultUnpackLimits: UnpackLimits = {
  maxUnpackedBytes: 64 * gibibyte,
  maxRatio: 200,
  ratioFloorBytes: gibibyte,
  maxEntries: 4_000_000,
  maxNameBytes: 255,
  maxPathBytes: 3072,
  maxDepth: 256,
  maxLogicalBytes: 256 * gibibyte,
};

/**
 * Counts what one layer has cost so far. Each method throws UnpackError LAYER_LIMIT when that is too
 * much.
 */
export class UnpackBudget {
  readonly limits: UnpackLimits;
  unpackedBytes = 0;
  entries = 0;
  /** Files' sizes with their holes; what is linked twice counts once. */
  logicalBytes = 0;

  #steps = 0;

  constructor(
    limits: Partial<UnpackLimits>,
    private readonly compressedBytes: number,
  ) {
    this.limits = { ...defaultUnpackLimits, ...limits };
  }

  addUnpacked(bytes: number): void {
    this.unpackedBytes += bytes;
    const { maxUnpackedBytes, maxRatio, ratioFloorBytes } = this.limits;
    if (this.unpackedBytes > maxUnpackedBytes)
      throw exceeded(`unpacks to more than ${maxUnpackedBytes} bytes`);
    if (this.unpackedBytes > ratioFloorBytes && this.unpackedBytes > this.compressedBytes * maxRatio) {
      throw exceeded(`unpacks to more than ${maxRatio} times its size`);
    }
  }

  addEntry(name: string): void {
    const { maxEntries } = this.limits;
    if (++this.entries > maxEntries) throw exceeded(`has more than ${maxEntries} entries`);
    this.checkPath(name);
  }

  checkPath(path: string): void {
    const { maxPathBytes } = this.limits;
    if (path.length > maxPathBytes) throw exceeded(`has a path of more than ${maxPathBytes} bytes`);
  }

  /** Of a symbolic link, which is kept byte for byte and not walked. */
  checkLinkTarget(target: string): void {
    if (target.length > mostLinkTargetBytes)
      throw exceeded(`has a link whose target has more than ${mostLinkTargetBytes} bytes`);
  }

  addLogical(fileBytes: number): void {
    const { maxLogicalBytes } = this.limits;
    this.logicalBytes += fileBytes;
    if (this.logicalBytes > maxLogicalBytes)
      throw exceeded(`has files of more than ${maxLogicalBytes} bytes`);
  }

  /** One component of a path was looked at. */
  addStep(): void {
    if (++this.#steps > freeSteps + stepsPerEntry * this.entries) throw exceeded('leads over too many links');
  }

  checkName(name: string): void {
    const { maxNameBytes } = this.limits;
    if (name.length > maxNameBytes) throw exceeded(`has a name of more than ${maxNameBytes} bytes`);
  }

  checkDepth(path: string, depth: number): void {
    const { maxDepth } = this.limits;
    if (depth > maxDepth) throw exceeded(`has a path of more than ${maxDepth} components`);
    this.checkPath(path);
  }
}

function exceeded(how: string): UnpackError {
  return new UnpackError('LAYER_LIMIT', `the layer ${how}`);
}
