import type { PID } from '@keelson/process';
import { Future } from '@keelson/process';
import { parseSource } from './image-source.js';
import type { PullResult } from './pull-result.js';
import type { Puller } from './puller.js';

/**
 * Pulls every image of a file or folder, one after the other, as layers are shared anyway. The first failure
 * ends it; what was loaded before stays.
 *
 * @param text  `docker-archive:FILE`, `oci-archive:FILE` or `oci:DIR`, each perhaps with a selection; without a
 *   scheme the file or folder tells what it is
 * @param pull  pulls one of them
 */
export function loadImages(
  puller: PID<Puller>,
  text: string,
  pull: (source: string) => Future<PullResult>,
): Future<readonly PullResult[]> {
  const source = parseSource(/^(oci|oci-archive|docker-archive):/.test(text) ? text : `docker-archive:${text}`);
  const listed = puller.list(source);
  const loaded = listed.then(({ sources }) =>
    sources.reduce<Future<readonly PullResult[]>>(
      (before, each) => before.then((done) => pull(each).then((result) => [...done, result])),
      Future.ready([]),
    ),
  );
  const close = (): Future<void> =>
    listed.then(({ origin }) => (origin ? puller.close(origin) : undefined)).repair(() => Future.ready(undefined));
  loaded.onDiscarded(close);
  return loaded
    .then((results) => close().then(() => results))
    .repair((failed) => close().then(() => failed));
}
