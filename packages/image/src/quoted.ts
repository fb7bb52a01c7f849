const longest = 200;

/** Untrusted text as it may stand in a message: escaped, in quotes, and never longer than a line or two. */
export function quoted(text: string): string {
  const shown = text.length > longest ? `${text.slice(0, longest)}…` : text;
  return JSON.stringify(shown);
}
