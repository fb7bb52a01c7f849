import type { AnyProcess, Future } from '@keelson/process';
import { defer } from '@keelson/process';

/** The outcome of `work`, passed on once `conclude` has run in `process`, whatever the outcome is. */
export function concluding<T>(process: AnyProcess, work: Future<T>, conclude: () => void): Future<T> {
  const done = defer(process, conclude);
  return work.then((value) => done().then(() => value)).recover((failed) => done().then(() => failed));
}
