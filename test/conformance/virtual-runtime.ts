import { Deferred, type Future, Runtime, VirtualClock } from '@keelson/process';

/** A runtime whose time stands still until a test moves it, so that every test is a pure function of its text. */
export function virtualRuntime(options: Partial<ConstructorParameters<typeof Runtime>[0]> = {}) {
  const clock = new VirtualClock();
  const runtime = new Runtime({ clock, ...options });
  return { runtime, clock };
}

/** The promise and its future, side by side: what most tests start from. */
export function pending<T>(): { promise: Deferred<T>; future: Future<T> } {
  const promise = new Deferred<T>();
  return { promise, future: promise.future };
}

/** Terminal state by name, for assertions that read well: `expect(states(a, b)).toEqual(['Ready', 'Pending'])`. */
export function states(...futures: Future<unknown>[]): string[] {
  return futures.map((future) => future.toString());
}

