/** For options that may be given again and again. */
export function collectText(value: string, earlier: readonly string[] = []): readonly string[] {
  return [...earlier, value];
}
