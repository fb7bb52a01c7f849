import type { JsonSchema, Schema } from './schema.js';
import { SchemaError, shown } from './schema-error.js';

/** A field that may be left out. */
export interface OptionalField<T> {
  readonly optional: Schema<T>;
}

type Fields = Readonly<Record<string, Schema<unknown> | OptionalField<unknown>>>;

type Shape<F extends Fields> = Simple<
  { readonly [K in keyof F as F[K] extends Schema<unknown> ? K : never]: F[K] extends Schema<infer T> ? T : never } & {
    readonly [K in keyof F as F[K] extends OptionalField<unknown> ? K : never]?: F[K] extends OptionalField<infer T>
      ? T
      : never;
  }
>;

type Simple<T> = { [K in keyof T]: T[K] };

/** May be left out; `undefined` and `null` count as that. */
export function optional<T>(schema: Schema<T>): OptionalField<T> {
  return { optional: schema };
}

/**
 * An object with these fields. Others are refused, since a misspelt one would be lost in silence; `open` passes over
 * them, for callers who speak a larger protocol than ours.
 */
export function shape<F extends Fields>(
  fields: F,
  options: { readonly description?: string; readonly open?: boolean } = {},
): Schema<Shape<F>> {
  const { open = false, description } = options;
  const names = Object.keys(fields);
  const schemaOf = (name: string): Schema<unknown> => {
    const field = fields[name]!;
    return 'optional' in field ? field.optional : field;
  };
  const required = names.filter((name) => !('optional' in fields[name]!));
  const json: JsonSchema = {
    type: 'object',
    ...(description && { description }),
    properties: Object.fromEntries(names.map((name) => [name, schemaOf(name).json])),
    ...(required.length > 0 && { required }),
    additionalProperties: open,
  };
  return {
    json,
    read: (value, field) => {
      const given = objectOf(value, field);
      if (!open) refuseUnknown(given, names, field);
      const read = names.flatMap((name) => {
        const given_ = Object.hasOwn(given, name) ? given[name] : undefined;
        if ('optional' in fields[name]! && (given_ === undefined || given_ === null)) return [];
        return [[name, schemaOf(name).read(given_, below(field, name))] as const];
      });
      return Object.fromEntries(read) as Shape<F>;
    },
  };
}

/** At most `maxItems` of the same kind. */
export function list<T>(
  item: Schema<T>,
  options: { readonly description: string; readonly maxItems?: number },
): Schema<readonly T[]> {
  const { maxItems = 1000, description } = options;
  return {
    json: { type: 'array', items: item.json, maxItems, description },
    read: (value, field) => {
      if (!Array.isArray(value) || value.length > maxItems) {
        throw new SchemaError(field, shown(value), `must be a list of at most ${maxItems}`);
      }
      return value.map((each, index) => item.read(each, `${field}[${index}]`));
    },
  };
}

/** Any names, with values of one kind. */
export function table<T>(
  item: Schema<T>,
  options: { readonly description: string },
): Schema<Readonly<Record<string, T>>> {
  return {
    json: { type: 'object', additionalProperties: item.json, ...options },
    read: (value, field) =>
      Object.fromEntries(
        Object.entries(objectOf(value, field)).map(([name, each]) => [name, item.read(each, below(field, name))]),
      ),
  };
}

/** A value that no message and no API may show. */
export function secret<T>(schema: Schema<T>): Schema<T> {
  return {
    json: { ...schema.json, writeOnly: true },
    secret: true,
    read: (value, field) => {
      try {
        return schema.read(value, field);
      } catch (error) {
        if (error instanceof SchemaError) throw new SchemaError(error.field, undefined, error.rule);
        throw error;
      }
    },
  };
}

/** Something whose shape is described elsewhere, or cannot be: it is answered, never read. */
export function answer(json: JsonSchema): Schema<unknown> {
  return { json, read: (value) => value };
}

function objectOf(value: unknown, field: string): Readonly<Record<string, unknown>> {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Record<string, unknown>;
  throw new SchemaError(field, shown(value), 'must be an object');
}

function refuseUnknown(given: Readonly<Record<string, unknown>>, names: readonly string[], field: string): void {
  const unknown = Object.keys(given).find((name) => !names.includes(name));
  if (unknown === undefined) return;
  // Not its value: it may be a secret under a misspelt name.
  throw new SchemaError(below(field, unknown), undefined, `is not one of ${names.join(', ')}`);
}

function below(field: string, name: string): string {
  return field === '' ? name : `${field}.${name}`;
}
