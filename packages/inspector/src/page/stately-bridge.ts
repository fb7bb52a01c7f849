import type { InspectorRecord } from '../records/record.js';
import { StatelyMessages } from '../stately/stately-messages.js';

/** A window that inspection messages can be posted to. */
export interface Viewer {
  postMessage(message: unknown, targetOrigin: string): void;
}

/** A message event, as far as the bridge looks at it. */
export interface Greeting {
  readonly data: unknown;
  readonly origin: string;
  readonly source: unknown;
}

const MOST_WAITING = 50_000;

/**
 * Hands records to an inspector in another window, in the protocol of `@statelyai/inspect`. What comes before the
 * viewer has said that it is there waits for it.
 */
export class StatelyBridge {
  readonly #messages: StatelyMessages;
  #waiting: unknown[] = [];
  #isConnected = false;

  constructor(
    private readonly viewer: Viewer,
    private readonly origin: string,
    originMs: () => number = () => 0,
  ) {
    this.#messages = new StatelyMessages(originMs);
  }

  /** The viewer greets when it is ready; others that post to this window are not it. */
  hear({ data, origin, source }: Greeting): void {
    if (origin !== this.origin || source !== this.viewer) return;
    if ((data as { type?: unknown } | null)?.type !== '@statelyai.connected') return;
    this.#isConnected = true;
    for (const message of this.#waiting.splice(0)) this.viewer.postMessage(message, this.origin);
  }

  take(records: readonly InspectorRecord[]): void {
    for (const record of records) {
      for (const message of this.#messages.convert(record)) {
        if (this.#isConnected) this.viewer.postMessage(message, this.origin);
        else if (this.#waiting.length < MOST_WAITING) this.#waiting.push(message);
      }
    }
  }

  /** Begins anew: actors that are not told of any more end. */
  reset(records: readonly InspectorRecord[]): void {
    this.take([...this.#messages.endOthers(records), ...records]);
  }
}
