/** What a property throws. The properties run in vitest and in a plain program alike, so they bring their own check. */
export class Broken extends Error {
  override readonly name = 'Broken';
}

/** Throws {@link Broken} unless `holds`. `why` is made only when it does not. */
export function check(holds: boolean, why: string | (() => string)): asserts holds {
  if (!holds) throw new Broken(typeof why === 'string' ? why : why());
}

/** Both as JSON: enough for the plain data that properties compare. */
export function checkEqual(actual: unknown, expected: unknown, what: string): void {
  const [one, other] = [JSON.stringify(actual), JSON.stringify(expected)];
  check(one === other, () => `${what}: ${one}, not ${other}`);
}
