/**
 * Reads untrusted JSON field by field. Each reader throws an Error naming the field, which `decodeRecord`
 * turns into a CORRUPT answer.
 */
export type Fields = Readonly<Record<string, unknown>>;

export function fieldsOf(value: unknown, what: string): Fields {
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw new Error(`${what} is not an object`);
  return value as Fields;
}

export function textField(fields: Fields, name: string): string {
  const value = fields[name];
  if (typeof value !== 'string') throw new Error(`${name} is not a text`);
  return value;
}

export function optionalTextField(fields: Fields, name: string): string | undefined {
  return fields[name] === undefined ? undefined : textField(fields, name);
}

/** A count or a size: a whole number, not negative. */
export function countField(fields: Fields, name: string): number {
  const value = fields[name];
  if (!Number.isSafeInteger(value) || (value as number) < 0) throw new Error(`${name} is not a count`);
  return value as number;
}

export function textsField(fields: Fields, name: string): readonly string[] {
  return listField(fields, name).map((item) => {
    if (typeof item !== 'string') throw new Error(`${name} holds something that is not a text`);
    return item;
  });
}

export function listField(fields: Fields, name: string): readonly unknown[] {
  const value = fields[name];
  if (!Array.isArray(value)) throw new Error(`${name} is not a list`);
  return value;
}
