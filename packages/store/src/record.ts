import { hash } from 'node:crypto';

/** One kind of record on disk: its name, the version written now, and how its payload is read back. */
export interface RecordFormat<T> {
  readonly name: string;
  readonly version: number;
  /**
   * Checks a payload that carried a version up to `version`; throws an Error saying what is wrong with it.
   */
  readonly parse: (payload: unknown, version: number) => T;
}

/**
 * EMPTY: no bytes (a power cut after the create). FUTURE: written by a newer release. CORRUPT: anything else.
 */
export type RecordProblem = 'EMPTY' | 'CORRUPT' | 'FUTURE';

export type DecodedRecord<T> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly problem: RecordProblem; readonly why: string };

/**
 * One line of JSON that says what it is and proves that it is whole.
 *
 * `{"format","version","checksum","payload"}`; the checksum is the sha256 of the payload's JSON text. Every
 * record of the store, the provisioner and the containerizer is written this way, with `Files.writeDurably`.
 */
export function encodeRecord<T>(format: RecordFormat<T>, value: T): Uint8Array {
  const payload = JSON.stringify(value);
  const head = JSON.stringify({
    format: format.name,
    version: format.version,
    checksum: checksumOf(payload),
  });
  return Buffer.from(`${head.slice(0, -1)}${payloadMark}${payload}}\n`);
}

/**
 * Reads what `encodeRecord` wrote. Never throws: a damaged record is an answer, so that no start depends on
 * it.
 */
export function decodeRecord<T>(format: RecordFormat<T>, bytes: Uint8Array | string): DecodedRecord<T> {
  const text =
    typeof bytes === 'string' ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString();
  if (text.trim() === '') return refuse('EMPTY', 'the record is empty');
  if (depthOf(text) > mostDepth) return refuse('CORRUPT', `it nests deeper than ${mostDepth}`);

  const envelope = parseEnvelope(text);
  if (envelope === undefined) return refuse('CORRUPT', 'not a record');
  if (envelope.format !== format.name) return refuse('CORRUPT', `a ${envelope.format}, not a ${format.name}`);
  if (envelope.version > format.version) {
    return refuse(
      'FUTURE',
      `${format.name} version ${envelope.version}; this release reads up to ${format.version}`,
    );
  }
  if (!isWhole(text, envelope)) return refuse('CORRUPT', 'the checksum does not match');
  try {
    return { ok: true, value: format.parse(envelope.payload, envelope.version) };
  } catch (error) {
    return refuse('CORRUPT', error instanceof Error ? error.message : String(error));
  }
}

const payloadMark = ',"payload":';

interface Envelope {
  readonly format: string;
  readonly version: number;
  readonly checksum: string;
  readonly payload: unknown;
}

function parseEnvelope(text: string): Envelope | undefined {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return undefined;
  }
  if (typeof value !== 'object' || value === null) return undefined;
  const { format, version, checksum, payload } = value as Partial<Envelope>;
  if (typeof format !== 'string' || !Number.isSafeInteger(version) || payload === undefined) return undefined;
  return { format, version: version!, checksum: String(checksum), payload };
}

/**
 * The payload as it stands in the text is checked first. What was formatted anew since (by a person, say) is
 * checked in its canonical form: text written by JSON.stringify survives a parse and a second stringify
 * unchanged (ECMA-262).
 */
function isWhole(text: string, { checksum, payload }: Envelope): boolean {
  const written = text.slice(text.indexOf(payloadMark) + payloadMark.length, text.lastIndexOf('}'));
  return checksumOf(written) === checksum || checksumOf(JSON.stringify(payload)) === checksum;
}

/** As `parseJson` of manifests has it; what is deep enough can be parsed, but not be written again (RangeError). */
const mostDepth = 64;
const [quote, backslash] = [0x22, 0x5c];
const [openBracket, closeBracket, openBrace, closeBrace] = [0x5b, 0x5d, 0x7b, 0x7d];

/** The deepest nesting of arrays and objects; of text that is no JSON, some number. */
function depthOf(text: string): number {
  let depth = 0;
  let deepest = 0;
  let isString = false;
  for (let index = 0; index < text.length; index++) {
    const code = text.charCodeAt(index);
    if (isString && code === backslash) index++;
    else if (code === quote) isString = !isString;
    else if (isString) continue;
    else if (code === openBracket || code === openBrace) deepest = Math.max(deepest, ++depth);
    else if (code === closeBracket || code === closeBrace) depth--;
  }
  return deepest;
}

function refuse(problem: RecordProblem, why: string): { ok: false; problem: RecordProblem; why: string } {
  return { ok: false, problem, why };
}

function checksumOf(payload: string): string {
  return `sha256:${hash('sha256', payload)}`;
}
