import type { Future } from '@keelson/process';

/**
 * What one user shows to a registry. The secrets are private fields: nothing that prints, serialises or
 * records an object finds them.
 */
export class Credential {
  readonly #username: string;
  readonly #password: string;
  readonly #kind: 'password' | 'identity-token' | 'registry-token';

  private constructor(kind: 'password' | 'identity-token' | 'registry-token', username: string, secret: string) {
    this.#kind = kind;
    this.#username = username;
    this.#password = secret;
  }

  static password(username: string, password: string): Credential {
    return new Credential('password', username, password);
  }

  /** An OAuth2 refresh token, as `docker login` keeps it for some registries. */
  static identityToken(token: string): Credential {
    return new Credential('identity-token', '', token);
  }

  /** A bearer token to be sent as it is. */
  static registryToken(token: string): Credential {
    return new Credential('registry-token', '', token);
  }

  get kind(): 'password' | 'identity-token' | 'registry-token' {
    return this.#kind;
  }

  get username(): string {
    return this.#username;
  }

  /** The password or token itself: for a request's headers and body, and nothing else. */
  reveal(): string {
    return this.#password;
  }

  /** The value of an `Authorization` header of the scheme Basic. */
  basic(): string {
    return `Basic ${Buffer.from(`${this.#username}:${this.#password}`).toString('base64')}`;
  }
}

/** Who a pull is for, as registries see it. */
export interface RegistryAccess {
  /** Tells callers apart without telling who they are: pulls and tokens are shared by equal ids alone. */
  readonly id: string;
  /**
   * What to show to `registry` (a host, perhaps with a port) for `repository`; nothing for anonymous.
   *
   * @throws StoreError CREDENTIALS_INVALID
   */
  credential(registry: string, repository: string): Future<Credential | undefined>;
}
