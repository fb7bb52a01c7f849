import type { Plain, PlainError } from './plain.js';

/** What stands where something was not for showing. */
export const REDACTED = '[redacted]';

/** How much of a value is shown. */
export interface SanitizeLimits {
  /** Levels of nesting; default 5. */
  readonly depth?: number;
  /** Entries of one array or object; default 30. */
  readonly entries?: number;
  /** Characters of one text; default 200. */
  readonly characters?: number;
}

const secretName =
  /auth|token|secret|passw|cred|cookie|api[-_]?key|private|signature|session[-_]?id|^(env|environment)$/i;
const LONGEST_ADDRESS = 4_096;
const secretText = /\b(bearer|basic)\s+[\w.~+/=-]+/gi;
const userInfo = /(\b[a-z][\w+.-]*:\/\/)[^\s/@]+@/gi;
const secretAssignment =
  /^([A-Z][A-Z0-9_]*(?:AUTH|TOKEN|SECRET|PASSW|CREDENTIAL|COOKIE|KEY|PRIVATE)[A-Z0-9_]*)=[\s\S]*/i;

/**
 * A copy of `value` that is safe to show: plain data, of bounded size, without what looks like a secret. Values
 * of environment variables, authorization headers, tokens and passwords are replaced; objects with a class are
 * named, not opened; nothing of theirs is called.
 */
export function sanitize(value: unknown, limits: SanitizeLimits = {}): Plain {
  const { depth = 5, entries = 30, characters = 200 } = limits;
  return copy(value, depth, entries, characters);
}

/** A text without credentials, cut to `characters`. */
export function sanitizeText(text: string, characters = 200): string {
  // Cut last: what is left of a credential is not told as one. A long text is looked at as far as it may be shown, and
  // as far beyond that as an address is long.
  const shown = text
    .slice(0, characters + LONGEST_ADDRESS)
    .replace(secretText, (_match, scheme: string) => `${scheme} ${REDACTED}`)
    .replace(userInfo, `$1${REDACTED}@`)
    .replace(secretAssignment, `$1=${REDACTED}`);
  return shown.length > characters ? `${shown.slice(0, characters - 1)}…` : shown;
}

/** An error without its stack, which names files of the machine. */
export function sanitizeError(error: unknown): PlainError {
  if (!(error instanceof Error)) return plainError(error);
  const { code } = error as { code?: unknown };
  const told = { name: sanitizeText(error.name, 80), message: sanitizeText(error.message, 400) };
  return typeof code === 'string' ? { ...told, code: sanitizeText(code, 80) } : told;
}

/** One that came out of a file, or something else that was thrown. */
function plainError(thrown: unknown): PlainError {
  if (typeof thrown !== 'object' || thrown === null) return { name: 'Error', message: sanitizeText(String(thrown)) };
  const { name, message } = thrown as { name?: unknown; message?: unknown };
  return { name: sanitizeText(String(name ?? 'Error'), 80), message: sanitizeText(String(message ?? ''), 400) };
}

function copy(value: unknown, depth: number, entries: number, characters: number): Plain {
  switch (typeof value) {
    case 'string':
      return sanitizeText(value, characters);
    case 'number':
      // JSON knows no negative zero.
      return Number.isFinite(value) ? value + 0 : String(value);
    case 'boolean':
      return value;
    case 'bigint':
      return String(value);
    case 'object':
      return value === null ? null : copyObject(value, depth, entries, characters);
    default:
      return typeof value === 'function' ? '[function]' : null;
  }
}

function copyObject(value: object, depth: number, entries: number, characters: number): Plain {
  if (value instanceof Error) return { ...sanitizeError(value) };
  if (Array.isArray(value)) {
    if (depth <= 0) return `[${value.length}]`;
    const shown = value.slice(0, entries).map((entry) => copy(entry, depth - 1, entries, characters));
    return value.length > entries ? [...shown, `… ${value.length - entries} more`] : shown;
  }
  const prototype = Object.getPrototypeOf(value) as object | null;
  if (prototype !== Object.prototype && prototype !== null) return nameOf(value, prototype);
  if (depth <= 0) return '{…}';
  return copyEntries(value, depth, entries, characters);
}

function copyEntries(value: object, depth: number, entries: number, characters: number): Plain {
  const result: Record<string, Plain> = {};
  let left = entries;
  for (const [key, property] of Object.entries(Object.getOwnPropertyDescriptors(value))) {
    if (!property.enumerable || property.value === undefined) continue;
    if ((left -= 1) < 0) {
      result['…'] = 'more';
      break;
    }
    // Not by assignment: a key may be called __proto__.
    const { value: held } = property as { value: unknown };
    const shown = secretName.test(key) ? redacted(held) : copy(held, depth - 1, entries, characters);
    Object.defineProperty(result, sanitizeText(key, 80), { value: shown, enumerable: true, configurable: true });
  }
  return result;
}

/** The names of environment variables and headers may be seen, their values not. */
function redacted(value: unknown): Plain {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return REDACTED;
  return Object.fromEntries(Object.keys(value).slice(0, 30).map((key) => [sanitizeText(key, 80), REDACTED]));
}

function nameOf(value: object, prototype: object): string {
  const { constructor } = prototype as { constructor?: { name?: unknown } };
  const name = typeof constructor?.name === 'string' ? constructor.name : 'object';
  const size = value instanceof Map || value instanceof Set ? ` of ${value.size}` : '';
  return `{${name}${size}}`;
}
