/** A value that is not what its schema asks for: where it stands, and the rule it breaks. */
export class SchemaError extends Error {
  override readonly name = 'SchemaError';

  /**
   * @param field  where it stands, as a path: `imageGc.watchIntervalMs`, `exclude[2]`
   * @param shown  the value, if it may be told
   * @param rule   what it must be, with unit and bounds
   */
  constructor(
    readonly field: string,
    shown: string | undefined,
    readonly rule: string,
  ) {
    super(shown === undefined ? `${field || 'it'} ${rule}` : `${field || 'it'} is ${shown}, but ${rule}`);
  }
}

/** A value as a message may quote it: short, and on one line. */
export function shown(value: unknown): string {
  if (value === undefined) return 'undefined';
  if (typeof value === 'object' && value !== null) return Array.isArray(value) ? 'a list' : 'an object';
  const text = typeof value === 'string' ? JSON.stringify(value) : String(value);
  return text.length <= 80 ? text : `${text.slice(0, 77)}…`;
}
