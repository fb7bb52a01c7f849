/** Lets all microtasks run out. */
export function microtasks(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
