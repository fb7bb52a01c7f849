const quote = 0x22;
const backslash = 0x5c;
const comma = 0x2c;
const openBrace = 0x7b;
const closeBrace = 0x7d;
const openBracket = 0x5b;
const closeBracket = 0x5d;

/**
 * What is wrong with the structure of a JSON document that `JSON.parse` would not tell: it nests too deeply, or
 * an object has a name twice, of which one reader takes the first and another the last.
 *
 * Looks before parsing, so that depth costs a scan and no stack. A document that is no JSON may pass: parsing
 * it says so.
 *
 * @internal
 */
export function structuralProblem(bytes: Uint8Array, maxDepth: number): string | undefined {
  // Of each open object the names so far; of each open array nothing.
  const open: (Set<string> | undefined)[] = [];
  let expectsName = false;
  for (let index = 0; index < bytes.length; index++) {
    switch (bytes[index]) {
      case quote: {
        const end = endOfString(bytes, index);
        const names = open.at(-1);
        if (expectsName && names) {
          const name = textOf(bytes.subarray(index, end));
          if (names.has(name)) return `has ${name.slice(0, 80)} twice in one object`;
          names.add(name);
        }
        expectsName = false;
        index = end - 1;
        break;
      }
      case comma:
        expectsName = open.at(-1) !== undefined;
        break;
      case openBrace:
      case openBracket:
        if (open.length >= maxDepth) return `nests deeper than ${maxDepth}`;
        expectsName = bytes[index] === openBrace;
        open.push(expectsName ? new Set() : undefined);
        break;
      case closeBrace:
      case closeBracket:
        open.pop();
        expectsName = false;
    }
  }
  return undefined;
}

/** Behind the closing quote, or the end of the document. */
function endOfString(bytes: Uint8Array, start: number): number {
  for (let index = start + 1; index < bytes.length; index++) {
    if (bytes[index] === backslash) index++;
    else if (bytes[index] === quote) return index + 1;
  }
  return bytes.length;
}

/** As the parser will read it: the same name may be written with escapes. */
function textOf(literal: Uint8Array): string {
  const text = new TextDecoder().decode(literal);
  if (!text.includes('\\')) return text;
  try {
    return JSON.stringify(JSON.parse(text));
  } catch {
    return text;
  }
}
