import type { Http, HttpRequest } from '@keelson/os/ports';
import { Future } from '@keelson/process';
import { StoreError } from '../store-error.js';
import type { RetryPolicy } from './backoff.js';
import { isTransientFailure, isTransientStatus, pauseBefore } from './backoff.js';
import type { RegistryEndpoint } from './registry-endpoint.js';
import { RegistryTokens } from './registry-tokens.js';

/** What every kind of answer has. */
export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
}

/** Which repository is asked for: tokens are per repository. */
export interface RegistryRepository extends RegistryEndpoint {
  readonly repository: string;
}

export interface ExchangeOptions {
  readonly http: Http;
  /** Ready after that many milliseconds of the runtime's clock. */
  readonly pause: (ms: number) => Future<void>;
  /** From 0 to 1. */
  readonly random: () => number;
  readonly retry: RetryPolicy;
}

const mostRedirects = 10;

/**
 * One GET of a registry's API, carried through everything that may stand between asking and the answer: a
 * token it wants first, redirects, and moments in which it cannot serve.
 *
 * Redirects are followed here and not by the transport, so that the token stays with the registry: storage
 * services refuse requests that carry two authorizations, and no other host may see ours (MESOS-5172).
 */
export class RegistryExchange {
  readonly #tokens: RegistryTokens;

  constructor(private readonly options: ExchangeOptions) {
    this.#tokens = new RegistryTokens(options.http);
  }

  /**
   * @param send performs one request as it is given; asked again for every hop and every further attempt
   * @returns the last answer, whatever its status
   * @throws StoreError UNAUTHORIZED          the registry wants what an anonymous client does not have
   * @throws StoreError REGISTRY_UNREACHABLE  no answer after every attempt
   */
  get<A extends Answer>(
    target: RegistryRepository,
    path: string,
    headers: Readonly<Record<string, string>>,
    send: (request: HttpRequest) => Future<A>,
  ): Future<A> {
    const url = `${target.baseUrl}/v2/${target.repository}/${path}`;
    const request: HttpRequest = {
      method: 'GET',
      url,
      headers: { 'accept-encoding': 'identity', ...headers },
    };
    return this.#retrying(target, () => this.#authorized(target, request, send), 1);
  }

  #retrying<A extends Answer>(target: RegistryRepository, ask: () => Future<A>, attempt: number): Future<A> {
    const { pause, random, retry } = this.options;
    const again = (retryAfter?: string): Future<A> =>
      pause(pauseBefore(retry, attempt, random(), retryAfter)).then(() =>
        this.#retrying(target, ask, attempt + 1),
      );
    const more = attempt < retry.attempts;

    return outcomeOf(ask()).then((outcome): A | Future<A> => {
      if ('answer' in outcome) {
        const { status, headers } = outcome.answer;
        return more && isTransientStatus(status) ? again(headers['retry-after']) : outcome.answer;
      }
      if (!isTransientFailure(outcome.failure)) throw outcome.failure;
      if (more) return again();
      const why = `${attempt} attempts, the last: ${outcome.failure.message}`;
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
    const known = this.#tokens.known(target);
    return this.#following(withToken(request, known), send, 0).then((answer): A | Future<A> => {
      if (answer.status !== 401) return answer;
      // Once: a token may have run out while a large layer was transferred (MESOS-9221).
      return this.#tokens
        .renew(target, answer.headers['www-authenticate'])
        .then((token) => this.#following(withToken(request, token), send, 0));
    });
  }

  #following<A extends Answer>(
    request: HttpRequest,
    send: (request: HttpRequest) => Future<A>,
    hops: number,
  ): Future<A> {
    return send(request).then((answer): A | Future<A> => {
      const { location } = answer.headers;
      if (![301, 302, 303, 307, 308].includes(answer.status) || location === undefined) return answer;
      if (hops >= mostRedirects) {
        throw new StoreError('REGISTRY_ERROR', `${request.url} redirects more than ${mostRedirects} times`);
      }
      return this.#following(redirected(request, location), send, hops + 1);
    });
  }
}

type Outcome<A> = { readonly answer: A } | { readonly failure: Error };

function outcomeOf<A>(asked: Future<A>): Future<Outcome<A>> {
  return asked
    .then((answer): Outcome<A> => ({ answer }))
    .repair((failed) => Future.ready<Outcome<A>>({ failure: failed.failure() }));
}

function withToken(request: HttpRequest, token: string | undefined): HttpRequest {
  if (token === undefined) return request;
  return { ...request, headers: { ...request.headers, authorization: `Bearer ${token}` } };
}

/** The same request at `location`, without its token if that is another origin. */
function redirected(request: HttpRequest, location: string): HttpRequest {
  const from = new URL(request.url);
  const to = URL.canParse(location, request.url) ? new URL(location, from) : undefined;
  const downgrades = from.protocol === 'https:' && to?.protocol !== 'https:';
  if (!to || downgrades || !['http:', 'https:'].includes(to.protocol)) {
    throw new StoreError('REGISTRY_ERROR', `${from.host} redirects to an address that may not be followed`);
  }
  const { authorization, ...others } = { authorization: undefined, ...request.headers };
  const keeps = to.origin === from.origin && authorization !== undefined;
  return { ...request, url: to.toString(), headers: keeps ? { ...others, authorization } : others };
}
