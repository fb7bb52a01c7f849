/** What an input brought about that none may: it is kept, and becomes a regression test. */
export class Finding extends Error {
  name = 'Finding';
}

/** Fails unless `held`. */
export function expectThat(held, message) {
  if (!held) throw new Finding(message);
}

/**
 * The code of a refusal that our code meant.
 *
 * @param types  the names of the errors it may be; with `codes` in place of `undefined`, also of system errors
 */
export function refusalOf(error, types, systemCodes = []) {
  const code = error?.code;
  const isOurs = types.includes(error?.name) && /^[A-Z][A-Z0-9_]+$/.test(code ?? '');
  if (isOurs || systemCodes.includes(code)) return code;
  throw new Finding(`it ended in ${error?.stack ?? String(error)}`, { cause: error });
}
