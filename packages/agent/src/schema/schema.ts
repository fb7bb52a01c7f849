import { SchemaError, shown } from './schema-error.js';

/** What a JSON Schema (draft 2020-12, as OpenAPI 3.1 uses it) says of a value. */
export interface JsonSchema {
  readonly [keyword: string]: unknown;
}

/**
 * What a value from outside must be. One definition reads it, and describes it as JSON Schema: what is documented is
 * what is checked.
 */
export interface Schema<T> {
  readonly json: JsonSchema;
  /** Not to be shown to anybody, by message or by API. */
  readonly secret?: boolean;
  /**
   * Answers `value` as a `T`.
   *
   * @param field  where it stands, for the message
   * @throws SchemaError  naming the field, its unit and its bounds
   */
  readonly read: (value: unknown, field: string) => T;
}

/** The type a schema reads. */
export type ValueOf<S> = S extends Schema<infer T> ? T : never;

/** Counted things from `minimum` to `maximum`, in `unit`: `milliseconds`, `bytes`, `threads`. */
export function whole(options: {
  readonly description: string;
  readonly unit: string;
  readonly minimum: number;
  readonly maximum: number;
  readonly default?: number;
}): Schema<number> {
  const { unit, minimum, maximum, description } = options;
  const rule = `must be a whole number of ${unit} from ${minimum} to ${maximum}`;
  return {
    json: { type: 'integer', ...options, description: `${description} In ${unit}.`, unit: undefined, 'x-unit': unit },
    read: (value, field) => {
      const fits = typeof value === 'number' && Number.isInteger(value) && value >= minimum && value <= maximum;
      if (fits) return value;
      throw new SchemaError(field, shown(value), rule);
    },
  };
}

/** Any number from `minimum` to `maximum`, in `unit`. */
export function measure(options: {
  readonly description: string;
  readonly unit: string;
  readonly minimum: number;
  readonly maximum: number;
  readonly default?: number;
}): Schema<number> {
  const { unit, minimum, maximum } = options;
  return {
    json: { type: 'number', ...options, unit: undefined, 'x-unit': unit },
    read: (value, field) => {
      if (typeof value === 'number' && value >= minimum && value <= maximum) return value;
      throw new SchemaError(field, shown(value), `must be a number of ${unit} from ${minimum} to ${maximum}`);
    },
  };
}

/** Text of at most `maxLength` characters, without NUL. */
export function text(options: {
  readonly description: string;
  readonly pattern?: RegExp;
  /** What the pattern means, for the message: `an absolute path`. */
  readonly expected?: string;
  readonly maxLength?: number;
  readonly default?: string;
}): Schema<string> {
  const { pattern, expected = 'a text', maxLength = 4096, ...rest } = options;
  const rule = `must be ${expected}, of at most ${maxLength} characters and without NUL`;
  return {
    json: { type: 'string', ...rest, maxLength, ...(pattern && { pattern: pattern.source }) },
    read: (value, field) => {
      const fits =
        typeof value === 'string' &&
        value.length <= maxLength &&
        !value.includes('\0') &&
        (pattern === undefined || pattern.test(value));
      if (fits) return value;
      throw new SchemaError(field, shown(value), rule);
    },
  };
}

/** The name of a file or folder. */
export function absolutePath(description: string): Schema<string> {
  return text({ description, pattern: /^\//, expected: 'an absolute path' });
}

/** One of a few words. */
export function choice<const V extends string>(
  values: readonly V[],
  options: { readonly description: string; readonly default?: V },
): Schema<V> {
  return {
    json: { type: 'string', enum: values, ...options },
    read: (value, field) => {
      if (values.includes(value as V)) return value as V;
      throw new SchemaError(field, shown(value), `must be one of ${values.join(', ')}`);
    },
  };
}

/** Yes or no. */
export function flag(options: { readonly description: string; readonly default?: boolean }): Schema<boolean> {
  return {
    json: { type: 'boolean', ...options },
    read: (value, field) => {
      if (typeof value === 'boolean') return value;
      throw new SchemaError(field, shown(value), 'must be true or false');
    },
  };
}
