import type { MetricsSnapshot } from '@keelson/process';
import type { Agent } from '../../agent.js';
import type { EffectiveSetting } from '../../configuration/configuration.js';
import type { Schema } from '../../schema/schema.js';
import type { GuardedAction } from '../../security/acls.js';
import type { LogLevelSwitch } from '../../log-level-switch.js';
import type { OpenStreams } from '../open-streams.js';
import type { HttpCall } from '../route.js';

/** What the calls of the operator API answer from. */
export interface OperatorContext {
  readonly agent: Agent;
  /** Resolved. */
  readonly root: string;
  readonly version: string;
  readonly settings: readonly EffectiveSetting[];
  readonly logLevel: LogLevelSwitch;
  readonly openStreams: OpenStreams;
  readonly metrics: (timeoutMs: number) => PromiseLike<MetricsSnapshot>;
  /** @throws HttpFailure 403 */
  readonly authorize: (action: GuardedAction, principal: string) => void;
}

/** An answer that is no single document: the call has written it itself. */
export const answered = Symbol('answered');

/** What a call answers: the message beside its type, nothing at all, a status alone, or {@link answered}. */
export type OperatorAnswer = object | undefined | { readonly status: number } | typeof answered;

interface Definition<Message> {
  /** As in Mesos `v1/agent.proto`. */
  readonly type: string;
  readonly summary: string;
  /** What stands under the name of the call in lower case. A call without one takes none. */
  readonly message?: Schema<Message>;
  /** The message must be there. */
  readonly required?: boolean;
  /** It changes something: the journal gets it, with what this answers as its subject. */
  readonly subject?: (message: Message) => string | undefined;
  answer(context: OperatorContext, message: Message, http: HttpCall): Promise<OperatorAnswer>;
}

/** One call of the operator API. */
export type OperatorCall = Definition<unknown>;

/** A call, with the type of its message inferred. */
export function operatorCall<Message>(definition: Definition<Message>): OperatorCall {
  return definition as OperatorCall;
}
