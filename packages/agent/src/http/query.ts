import type { Schema } from '../schema/schema.js';

/**
 * Reads the query of a URL by its schema: what the schema wants as a number, a truth or a list is made one of text.
 *
 * @throws SchemaError
 */
export function readQuery<T>(parameters: URLSearchParams, schema: Schema<T>): T {
  const fields = (schema.json['properties'] ?? {}) as Readonly<Record<string, { readonly type?: unknown }>>;
  const given = [...new Set(parameters.keys())].map((name) => {
    const values = parameters.getAll(name);
    return [name, valueOf(values, fields[name]?.type)] as const;
  });
  return schema.read(Object.fromEntries(given), '');
}

function valueOf(values: readonly string[], type: unknown): unknown {
  if (type === 'array') return values;
  const text = values.at(-1)!;
  if (type === 'integer' || type === 'number') return /^-?\d+(\.\d+)?$/.test(text) ? Number(text) : text;
  if (type !== 'boolean') return text;
  if (text === 'true' || text === '1' || text === '') return true;
  return text === 'false' || text === '0' ? false : text;
}
