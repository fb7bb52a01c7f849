import type { MetricsSnapshot } from '@keelson/process';
import type { Agent } from '../../agent.js';
import type { ReadOnlyView } from '../../read-only-view.js';
import type { GuardedAction } from '../../security/acls.js';
import type { OpenStreams } from '../open-streams.js';

/** What the REST view answers from. */
export interface RestContext {
  readonly agent: Agent;
  /** Resolved. */
  readonly root: string;
  readonly version: string;
  readonly view: ReadOnlyView;
  readonly metrics: (timeoutMs: number) => PromiseLike<MetricsSnapshot>;
  readonly streams: { readonly maxStreamBytes: number; readonly heartbeatMs: number };
  readonly openStreams: OpenStreams;
  /** @throws HttpFailure 403 */
  readonly authorize: (action: GuardedAction, principal: string) => void;
}
