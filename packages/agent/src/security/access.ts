import { join } from 'node:path';
import { AgentError } from '../agent-error.js';
import type { Configuration } from '../configuration/configuration.js';
import { HttpFailure } from '../http/http-failure.js';
import type { Acls, GuardedAction } from './acls.js';
import { mayPruneImages } from './acls.js';
import { Authenticator } from './authenticator.js';
import { readCredentials } from './credentials.js';
import type { ListenAddress } from './listen-address.js';
import { parseListenAddress } from './listen-address.js';
import { readToken } from './secret-file.js';
import type { TlsMaterial } from './tls-material.js';
import { readTls } from './tls-material.js';

/** Who may reach an agent where, and what each may do. */
export interface Access {
  readonly authenticator: Authenticator;
  readonly listen?: ListenAddress;
  readonly tls?: TlsMaterial;
  /** Names a browser may use, in lower case. */
  readonly hostNames: readonly string[];
  /** @throws HttpFailure 403 */
  authorize(action: GuardedAction, principal: string): void;
}

type AccessSettings = Pick<
  Configuration,
  'listen' | 'tokenFile' | 'credentialsFile' | 'tls' | 'allowedHosts' | 'acls'
>;

/**
 * Reads what access is decided by.
 *
 * @param root  where a token for loopback is made, if no credential is configured
 * @throws AgentError CONFIG_INVALID  a file cannot be used; or TCP beyond loopback without token, credentials or mTLS
 */
export function openAccess(settings: AccessSettings, root: string): Access {
  const { credentialsFile, tokenFile, tls, acls = {}, allowedHosts = [] } = settings;
  const listen = settings.listen === undefined ? undefined : parseListenAddress(settings.listen);
  const material = tls && readTls(tls);
  const configured = tokenFile !== undefined || credentialsFile !== undefined || material?.ca !== undefined;
  if (listen && !listen.loopback && !configured) {
    const rule = 'needs a tokenFile, a credentialsFile or tls.clientAuthorityFile';
    throw new AgentError('CONFIG_INVALID', `cannot listen at ${settings.listen}: an address beyond loopback ${rule}`);
  }
  const token = tokenOf(tokenFile, listen && !configured ? join(root, 'token') : undefined);
  const credentials = credentialsFile === undefined ? [] : readCredentials(credentialsFile);
  return {
    authenticator: new Authenticator(credentials, token),
    ...(listen && { listen }),
    ...(material && { tls: material }),
    hostNames: [...allowedHosts, ...(listen ? [listen.host] : [])].map((name) => name.toLowerCase()),
    authorize: (_action, principal) => authorizePrune(acls, principal),
  };
}

function authorizePrune(acls: Acls, principal: string): void {
  if (mayPruneImages(acls, principal)) return;
  throw new HttpFailure(403, `The principal ${principal} is not allowed to prune images`);
}

function tokenOf(configured: string | undefined, made: string | undefined): string | undefined {
  if (configured !== undefined) return readToken(configured, { make: false });
  return made === undefined ? undefined : readToken(made, { make: true });
}
