import { READY } from '../future/future-core.js';
import { Future } from '../future/future.js';
import { settle } from '../future/settlement.js';
import { ExitedEvent, MessageEvent, unpacked } from '../runtime/events.js';
import type { RequestOf } from '../runtime/dispatch.js';
import type { PID } from '../runtime/pid-type.js';
import type { Pid } from '../runtime/pid.js';
import type { Runtime } from '../runtime/runtime.js';
import type { FilteredEvent } from '../runtime/runtime-options.js';

/** A message that was intercepted. */
export interface InterceptedMessage {
  readonly name: string;
  readonly from: string | undefined;
  readonly to: string;
  readonly body: unknown;
}

/** Which messages are meant; what is left out matches all. */
export interface MessagePattern {
  readonly name?: string;
  readonly from?: PID<unknown>;
  readonly to?: PID<unknown>;
}

interface Addressed {
  readonly id: string;
}

interface Interceptor {
  readonly matches: (event: FilteredEvent) => boolean;
  readonly drops: boolean;
  readonly seen: (event: FilteredEvent) => void;
  /** Gone after its first match. */
  readonly once: boolean;
}

/**
 * Looks at events just before they are served, by the name of the method: waits for one, drops it, or forbids
 * it. The newest interceptor that matches decides; those made by `future` and `drop` match once. What
 * libprocess's FUTURE_, DROP_ and EXPECT_NO_ macros do, except that methods are told apart by name, not by
 * signature.
 *
 * An intercepted event's future completes **before** its handler runs; wait for an effect, not for this. A
 * dropped request is abandoned. Terminations and what a termination purged are not seen; calls of functions
 * have no name to match.
 *
 * @example
 * const intercept = new Interceptors(runtime);
 * const pulled = intercept.future(puller, 'pull');
 * intercept.drop(metadata, 'put');
 * …
 * intercept.reset();
 */
export class Interceptors {
  #interceptors: Interceptor[] = [];
  #violations: string[] = [];
  readonly #stop: () => void;

  constructor(runtime: Runtime) {
    this.#stop = runtime.observation.addFilter((event) => this.#consult(event));
  }

  /** READY with the arguments of the next request of that name. */
  future<T extends Addressed, K extends RequestOf<T> & string>(pid: T, method: K): Future<readonly unknown[]> {
    return this.#one(isRequest(pid, method), false, ({ args }) => unpacked(args));
  }

  /** As `future`, and drops that request. */
  drop<T extends Addressed, K extends RequestOf<T> & string>(pid: T, method: K): Future<readonly unknown[]> {
    return this.#one(isRequest(pid, method), true, ({ args }) => unpacked(args));
  }

  /** Drops every request of that name until `reset`. */
  dropAll<T extends Addressed, K extends RequestOf<T> & string>(pid: T, method: K): void {
    this.#interceptors.push({ matches: isRequest(pid, method), drops: true, seen: () => {}, once: false });
  }

  /** Lets `verify` and `reset` throw if such a request is seen; it is served all the same. */
  expectNone<T extends Addressed, K extends RequestOf<T> & string>(pid: T, method: K): void {
    const seen = (): void => void this.#violations.push(`${pid.id}.${method} was requested, and none was expected`);
    this.#interceptors.push({ matches: isRequest(pid, method), drops: false, seen, once: false });
  }

  /** READY with the next message that matches. */
  message(pattern: MessagePattern = {}): Future<InterceptedMessage> {
    return this.#one(isMessage(pattern), false, messageOf);
  }

  /** As `message`, and drops it. */
  dropMessage(pattern: MessagePattern = {}): Future<InterceptedMessage> {
    return this.#one(isMessage(pattern), true, messageOf);
  }

  /** READY when `to` is about to be told that `from` is gone. */
  exited(from: PID<unknown>, to: PID<unknown>): Future<void> {
    return this.#one(isExited(from, to), false, () => undefined);
  }

  /** As `exited`, and drops the event. */
  dropExited(from: PID<unknown>, to: PID<unknown>): Future<void> {
    return this.#one(isExited(from, to), true, () => undefined);
  }

  /** Throws what `expectNone` has seen. */
  verify(): void {
    const [violation] = this.#violations.splice(0);
    if (violation) throw new Error(violation);
  }

  /** Stops looking for good, then verifies. Belongs in `afterEach`. */
  reset(): void {
    this.#interceptors = [];
    this.#stop();
    this.verify();
  }

  #one<R>(matches: Interceptor['matches'], drops: boolean, pick: (event: FilteredEvent) => R): Future<R> {
    const future = Future.pending<R>();
    const seen = (event: FilteredEvent): void => void settle(future, READY, pick(event));
    this.#interceptors.push({ matches, drops, seen, once: true });
    return future;
  }

  #consult(event: FilteredEvent): boolean {
    const interceptor = this.#interceptors.findLast(({ matches }) => matches(event));
    if (!interceptor) return false;
    if (interceptor.once) this.#interceptors = this.#interceptors.filter((other) => other !== interceptor);
    interceptor.seen(event);
    return interceptor.drops;
  }
}

function isRequest(pid: Addressed, method: string): Interceptor['matches'] {
  return (event) => event.what === method && event.pid.id === pid.id;
}

function isMessage({ name, from, to }: MessagePattern): Interceptor['matches'] {
  return ({ pid, what }) =>
    what instanceof MessageEvent &&
    (name === undefined || what.name === name) &&
    (from === undefined || what.from?.id === from.id) &&
    (to === undefined || pid.id === to.id);
}

function isExited(from: PID<unknown>, to: PID<unknown>): Interceptor['matches'] {
  return ({ pid, what }) => what instanceof ExitedEvent && what.pid.id === from.id && pid.id === to.id;
}

function messageOf({ pid, what }: { readonly pid: Pid; readonly what: unknown }): InterceptedMessage {
  const { name, from, body } = what as MessageEvent;
  return { name, from: from?.id, to: pid.id, body };
}
