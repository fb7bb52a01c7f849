import type { Http, HttpResponse } from '@keelson/os/ports';
import { HttpError } from '@keelson/os/ports';
import { Future } from '@keelson/process';
import { StoreError } from '../store-error.js';
import { parseChallenges } from './auth-challenge.js';
import { isTransientStatus } from './backoff.js';
import type { Credential } from './credential.js';
import type { RegistryRepository } from './registry-endpoint.js';
import type { TokenService } from './token-request.js';
import { getToken, maySeeCredentials, postForToken, tokenService } from './token-request.js';

const mostHeaders = 256;
/** What a token without `expires_in` is good for. Source: distribution `spec/auth/token.md`. */
const defaultLifeMs = 60_000;
/** Given up before the service does: a request takes its time. */
const marginMs = 5_000;
const longestLifeMs = 24 * 3_600_000;

interface Authorization {
  readonly header: string;
  readonly goodUntilMs: number;
}

/**
 * The `Authorization` headers of requests, in memory alone: Basic, or bearer tokens by repository and caller,
 * each kept until it runs out. However many need one at a time, it is asked for once.
 *
 * Credentials go to the registry that they are for, and to its own token service; a service on another host
 * sees them only if that is configured.
 */
export class RegistryAuthorization {
  readonly #known = new Map<string, Authorization>();
  readonly #asked = new Map<string, Future<string>>();

  constructor(
    private readonly http: Http,
    private readonly now: () => number,
  ) {}

  /** What served the last request for the same, if it still holds. */
  known(target: RegistryRepository): string | undefined {
    const found = this.#known.get(keyOf(target));
    return found && found.goodUntilMs > this.now() ? found.header : undefined;
  }

  /**
   * Gets what the challenge of a 401 asks for.
   *
   * @param refused the header that was sent, so that who comes late takes the new one without asking again
   * @throws StoreError UNAUTHORIZED, REGISTRY_ERROR, CREDENTIALS_INVALID
   */
  renew(target: RegistryRepository, challenge: string | undefined, refused: string | undefined): Future<string> {
    const key = keyOf(target);
    const known = this.known(target);
    if (known !== undefined && known !== refused) return Future.ready(known);
    const pending = this.#asked.get(key);
    if (pending) return pending.undiscardable();

    this.#known.delete(key);
    const asked = this.#ask(target, challenge).then(({ header, goodUntilMs }) => {
      if (this.#known.size >= mostHeaders) this.#known.clear();
      this.#known.set(key, { header, goodUntilMs });
      return header;
    });
    this.#asked.set(key, asked);
    asked.onAny(() => this.#asked.delete(key));
    return asked.undiscardable();
  }

  #ask(target: RegistryRepository, header: string | undefined): Future<Authorization> {
    const challenges = parseChallenges(header);
    const bearer = challenges.find(({ scheme }) => scheme === 'bearer');
    const basic = challenges.some(({ scheme }) => scheme === 'basic');
    if (!bearer && !basic) throw unauthorized(target, 'it does not say which credentials it wants');

    const service = bearer && tokenService(bearer, target);
    if (bearer && !service && !basic) {
      throw unauthorized(target, 'its token service has an address that may not be asked');
    }
    return target.access.credential(target.registry, target.repository).then((credential) => {
      if (credential?.kind === 'registry-token') return forever(`Bearer ${credential.reveal()}`);
      if (service) return this.#token(target, service, credential);
      if (credential?.kind === 'password') return forever(credential.basic());
      throw unauthorized(target, 'it wants a user name and a password, and there are none for it');
    });
  }

  #token(target: RegistryRepository, service: TokenService, known: Credential | undefined): Future<Authorization> {
    const trusted = known === undefined || maySeeCredentials(service.realm, target);
    const credential = trusted ? known : undefined;
    const note = trusted ? '' : `; credentials were not shown to its token service, which is on ${service.realm.host}`;
    const asked =
      credential?.kind === 'identity-token'
        ? this.#send(postForToken(service, credential))
        : this.#send(getToken(service, credential)).then((response) =>
            credential && [404, 405].includes(response.status)
              ? this.#send(postForToken(service, credential))
              : response,
          );
    return asked.then((response) => this.#tokenOf(target, response, note));
  }

  #send(request: Parameters<Http['request']>[0]): Future<HttpResponse> {
    return this.http.request(request, { maxBytes: 64 * 1024 });
  }

  #tokenOf(target: RegistryRepository, { status, body }: HttpResponse, note: string): Authorization {
    if (status === 400 || status === 401 || status === 403) {
      throw unauthorized(target, `its token service answered ${status}${note}`);
    }
    const failed = (why: string): StoreError =>
      new StoreError('REGISTRY_ERROR', `cannot get a token for ${target.registry}: ${why}`);
    // To be tried again, as the request that needs it is.
    if (isTransientStatus(status)) throw new HttpError('CONNECTION_FAILED', `the token service answered ${status}`);
    if (status !== 200) throw failed(`the answer was ${status}`);
    const answer = parseObject(body);
    const token = answer['token'] || answer['access_token'];
    // A token goes into a header: anything but visible ASCII would be refused there, or worse.
    if (typeof token !== 'string' || !/^[\x21-\x7e]+$/.test(token)) throw failed('the answer has no token');
    const seconds = answer['expires_in'];
    const lifeMs = typeof seconds === 'number' && seconds > 0 ? seconds * 1000 : defaultLifeMs;
    const goodUntilMs = this.now() + Math.max(0, Math.min(lifeMs, longestLifeMs) - marginMs);
    return { header: `Bearer ${token}`, goodUntilMs };
  }
}

function forever(header: string): Authorization {
  return { header, goodUntilMs: Infinity };
}

function parseObject(body: Uint8Array): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(Buffer.from(body).toString());
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
  } catch {
    return {};
  }
}

function unauthorized({ registry, repository }: RegistryRepository, why: string): StoreError {
  return new StoreError('UNAUTHORIZED', `${registry} does not serve ${repository} to us: ${why}`);
}

function keyOf({ access, baseUrl, repository }: RegistryRepository): string {
  return `${access.id} ${baseUrl}/${repository}`;
}
