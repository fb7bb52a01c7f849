import type { Recorder } from '../recorder.js';
import type { InspectorRecord } from '../records/record.js';

const INTERVAL_MS = 100;

/** Where a feed goes. */
export interface FeedTarget {
  /** Whether it can take more now; a slow one is left alone and loses what the ring loses. */
  readonly ready: () => boolean;
  readonly take: (records: readonly InspectorRecord[]) => void;
  /** Begins anew, from records that tell of every actor there is; `lost` ones were never taken. */
  readonly reset: (records: readonly InspectorRecord[], lost: number) => void;
}

/**
 * Feeds one viewer from the recorder's ring: first every actor and chart known before the oldest record, then the
 * ring, then what is new, in batches. One that lost records begins anew. Events are recorded as long as it runs;
 * answers how to end it.
 */
export function startFeed(recorder: Recorder, target: FeedTarget): () => void {
  const stopLooking = recorder.look();
  const { ring, base } = recorder;
  let next = ring.start;
  target.reset(base.toRecords(recorder.now()), 0);
  const send = (): void => {
    if (!target.ready()) return;
    const slice = ring.read(next);
    next = slice.next;
    if (slice.lost > 0) target.reset(base.toRecords(recorder.now()), slice.lost);
    if (slice.records.length > 0) target.take(slice.records);
  };
  send();
  const timer = setInterval(send, INTERVAL_MS);
  timer.unref();
  return () => {
    clearInterval(timer);
    stopLooking();
  };
}
