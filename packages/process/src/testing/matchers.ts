import { Future } from '../future/future.js';

interface Verdict {
  readonly pass: boolean;
  readonly message: () => string;
}

/** What is expected of an error: its message or a part of it, a pattern, its code, or its class. */
export type ExpectedFailure = string | RegExp | { readonly code: string } | (new (...args: never[]) => Error);

/**
 * Matchers for vitest's (or jest's) `expect.extend`. They look once and never wait: settle the runtime first.
 *
 * @example
 * expect.extend(futureMatchers);
 * expect(store.get('alpine')).toBePending();
 * runtime.settle();
 * expect(image).toBeFailedWith({ code: 'IMAGE_NOT_FOUND' });
 */
export const futureMatchers = {
  /** READY; with this value if one is given (compared by `equals` of the test runner). */
  toBeReady(this: { equals(a: unknown, b: unknown): boolean }, future: unknown, ...value: unknown[]): Verdict {
    const ready = isFuture(future) && future.isReady();
    const pass = ready && (value.length === 0 || this.equals(future.get(), value[0]));
    return verdict(pass, future, value.length === 0 ? 'ready' : `ready with ${show(value[0])}`);
  },

  /** FAILED; with such an error if one is described. */
  toBeFailedWith(future: unknown, expected?: ExpectedFailure): Verdict {
    const pass = isFuture(future) && future.isFailed() && isLike(future.failure(), expected);
    return verdict(pass, future, expected === undefined ? 'failed' : `failed with ${show(expected)}`);
  },

  /** PENDING, and not abandoned. */
  toBePending(future: unknown): Verdict {
    return verdict(isFuture(future) && future.isPending() && !future.isAbandoned(), future, 'pending');
  },

  /** DISCARDED. */
  toBeDiscarded(future: unknown): Verdict {
    return verdict(isFuture(future) && future.isDiscarded(), future, 'discarded');
  },

  /** PENDING for good, because nobody is left to complete it. */
  toBeAbandoned(future: unknown): Verdict {
    return verdict(isFuture(future) && future.isPending() && future.isAbandoned(), future, 'abandoned');
  },
};

/**
 * The matchers as types, to be merged into the test runner's:
 * `declare module 'vitest' { interface Assertion<T> extends FutureMatchers<void> {} }`.
 */
export interface FutureMatchers<R> {
  toBeReady(value?: unknown): R;
  toBeFailedWith(expected?: ExpectedFailure): R;
  toBePending(): R;
  toBeDiscarded(): R;
  toBeAbandoned(): R;
}

function isFuture(value: unknown): value is Future<unknown> {
  return value instanceof Future;
}

function isLike(error: Error, expected: ExpectedFailure | undefined): boolean {
  if (expected === undefined) return true;
  if (typeof expected === 'string') return error.message.includes(expected);
  if (expected instanceof RegExp) return expected.test(error.message);
  if (typeof expected === 'function') return error instanceof expected;
  return (error as { code?: unknown }).code === expected.code;
}

function verdict(pass: boolean, actual: unknown, expected: string): Verdict {
  return { pass, message: () => `expected ${String(actual)} ${pass ? 'not ' : ''}to be ${expected}` };
}

function show(value: unknown): string {
  if (typeof value === 'function') return value.name;
  return value instanceof RegExp ? String(value) : JSON.stringify(value);
}
