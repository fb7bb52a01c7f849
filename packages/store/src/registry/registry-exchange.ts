import type { Http, HttpRequest } from '@keelson/os/ports';
import { Future } from '@keelson/process';
import { StoreError } from '../store-error.js';
import type { RetryPolicy } from './backoff.js';
import { isTransientFailure, isTransientStatus, pauseBefore } from './backoff.js';
import { within } from './deadline.js';
import { RegistryAuthorization } from './registry-authorization.js';
import type { RegistryRepository } from './registry-endpoint.js';

/** What every kind of answer has. */
export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
}

export interface ExchangeOptions {
  readonly http: Http;
  /** Ready after that many milliseconds of the runtime's clock. */
  readonly pause: (ms: number) => Future<void>;
  /** From 0 to 1. */
  readonly random: () => number;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
  readonly retry: RetryPolicy;
}

/** One request of the API, and what it may take. */
export interface Exchange<A extends Answer> {
  /** Below the repository: `manifests/latest`. */
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  /** Of one attempt, redirects included. */
  readonly limitMs: number;
  /** Performs one request as it is given; asked again for every hop and every further attempt. */
  readonly send: (request: HttpRequest) => Future<A>;
  /** Instead of as many as the policy has. */
  readonly attempts?: number;
  /** Whether the last attempt got us further: then the attempts are counted anew. */
  readonly progressed?: () => boolean;
}

const mostRedirects = 10;

/**
 * One GET of a registry's API, carried through everything that may stand between asking and the answer: the
 * credentials it wants first, redirects, and moments in which it cannot serve.
 *
 * Redirects are followed here and not by the transport, so that the credentials stay with the registry:
 * storage services refuse requests that carry two authorizations, and no other host may see ours (MESOS-5172).
 */
export class RegistryExchange {
  readonly #authorization: RegistryAuthorization;

  constructor(private readonly options: ExchangeOptions) {
    this.#authorization = new RegistryAuthorization(options.http, options.now);
  }

  /**
   * @returns the last answer, whatever its status
   * @throws StoreError UNAUTHORIZED          the registry wants what we do not have
   * @throws StoreError REGISTRY_UNREACHABLE  no answer after every attempt, or none in time
   */
  get<A extends Answer>(target: RegistryRepository, exchange: Exchange<A>): Future<A> {
    const url = `${target.baseUrl}/v2/${target.repository}/${exchange.path}`;
    const headers = { 'accept-encoding': 'identity', ...exchange.headers };
    const ask = (): Future<A> => {
      const late = (): StoreError =>
        new StoreError(
          'REGISTRY_UNREACHABLE',
          `${target.registry} took more than ${exchange.limitMs} ms for ${exchange.path}`,
        );
      const asked = this.#authorized(target, { method: 'GET', url, headers }, exchange.send);
      return within(asked, exchange.limitMs, this.options.pause, late);
    };
    const { attempts = this.options.retry.attempts, progressed = () => false } = exchange;
    return this.#retrying(target, { ask, attempts, progressed }, 1);
  }

  #retrying<A extends Answer>(
    target: RegistryRepository,
    tries: Tries<A>,
    attempt: number,
  ): Future<A> {
    const { pause, random, retry, now } = this.options;
    return outcomeOf(tries.ask).then((outcome): A | Future<A> => {
      const made = tries.progressed() ? 1 : attempt;
      const more = made < tries.attempts;
      const again = (retryAfter?: string): Future<A> =>
        pause(pauseBefore(retry, made, random(), retryAfter, now())).then(() =>
          this.#retrying(target, tries, made + 1),
        );
      if ('answer' in outcome) {
        const { status, headers } = outcome.answer;
        return more && isTransientStatus(status) ? again(headers['retry-after']) : outcome.answer;
      }
      if (!isTransientFailure(outcome.failure)) throw outcome.failure;
      if (more) return again();
      const why = `${made} attempts, the last: ${outcome.failure.message}`;
      throw new StoreError('REGISTRY_UNREACHABLE', `cannot reach ${target.registry}: ${why}`, {
        cause: outcome.failure,
      });
    });
  }

  #authorized<A extends Answer>(
    target: RegistryRepository,
    request: HttpRequest,
    send: (request: HttpRequest) => Future<A>,
  ): Future<A> {
    const known = this.#authorization.known(target);
    return this.#following(authorizedBy(request, known), send, 0).then(({ answer, moved }): A | Future<A> => {
      // Another host's 401 is none of the registry's, and must not be answered with its credentials.
      if (answer.status !== 401 || moved) return answer;
      // Once: a token may have run out while a large layer was transferred (MESOS-9221).
      return this.#authorization
        .renew(target, answer.headers['www-authenticate'], known)
        .then((header) => this.#following(authorizedBy(request, header), send, 0))
        .then((second) => second.answer);
    });
  }

  #following<A extends Answer>(
    request: HttpRequest,
    send: (request: HttpRequest) => Future<A>,
    hops: number,
    origin = new URL(request.url).origin,
  ): Future<{ readonly answer: A; readonly moved: boolean }> {
    type Followed = { readonly answer: A; readonly moved: boolean };
    return send(request).then((answer): Followed | Future<Followed> => {
      const { location } = answer.headers;
      if (![301, 302, 303, 307, 308].includes(answer.status) || location === undefined) {
        return { answer, moved: new URL(request.url).origin !== origin };
      }
      if (hops >= mostRedirects) {
        throw new StoreError('REGISTRY_ERROR', `${origin} redirects more than ${mostRedirects} times`);
      }
      return this.#following(redirected(request, location), send, hops + 1, origin);
    });
  }
}

interface Tries<A> {
  readonly ask: () => Future<A>;
  readonly attempts: number;
  readonly progressed: () => boolean;
}

type Outcome<A> = { readonly answer: A } | { readonly failure: Error };

function outcomeOf<A>(ask: () => Future<A>): Future<Outcome<A>> {
  return ask()
    .then((answer): Outcome<A> => ({ answer }))
    .repair((failed) => Future.ready<Outcome<A>>({ failure: failed.failure() }));
}

function authorizedBy(request: HttpRequest, authorization: string | undefined): HttpRequest {
  if (authorization === undefined) return request;
  return { ...request, headers: { ...request.headers, authorization } };
}

/** The same request at `location`, without its credentials if that is another origin. */
function redirected(request: HttpRequest, location: string): HttpRequest {
  const from = new URL(request.url);
  const to = URL.canParse(location, request.url) ? new URL(location, from) : undefined;
  const downgrades = from.protocol === 'https:' && to?.protocol !== 'https:';
  const named = to && (to.username !== '' || to.password !== '');
  if (!to || downgrades || named || !['http:', 'https:'].includes(to.protocol)) {
    throw new StoreError('REGISTRY_ERROR', `${from.host} redirects to an address that may not be followed`);
  }
  const { authorization, ...others } = { authorization: undefined, ...request.headers };
  const keeps = to.origin === from.origin && authorization !== undefined;
  return { ...request, url: to.toString(), headers: keeps ? { ...others, authorization } : others };
}
