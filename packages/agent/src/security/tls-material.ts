import { X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createSecureContext } from 'node:tls';
import { AgentError } from '../agent-error.js';
import type { Configuration } from '../configuration/configuration.js';
import { readSecretFile } from './secret-file.js';

/** Certificate and keys for HTTPS, in PEM. */
export interface TlsMaterial {
  readonly cert: string;
  readonly key: string;
  /** Who signs the certificates of clients. */
  readonly ca?: string;
}

/**
 * Reads what HTTPS is spoken with, and tries it: what OpenSSL cannot use ends the start, not the first connection.
 *
 * @throws AgentError CONFIG_INVALID  naming the file; never what is in the key
 */
export function readTls(settings: NonNullable<Configuration['tls']>): TlsMaterial {
  const { certificateFile, keyFile, clientAuthorityFile } = settings;
  const cert = readPem(certificateFile);
  const key = readSecretFile(keyFile, 'tls.keyFile');
  attempt(`tls.certificateFile ${certificateFile}`, () => createSecureContext({ cert }));
  attempt(`tls.keyFile ${keyFile} with ${certificateFile}`, () => createSecureContext({ cert, key }));
  if (clientAuthorityFile === undefined) return { cert, key };
  const ca = readPem(clientAuthorityFile);
  // OpenSSL passes over what is no certificate, so that with a wrong file nobody would ever be let in.
  attempt(`tls.clientAuthorityFile ${clientAuthorityFile}`, () => new X509Certificate(ca));
  return { cert, key, ca };
}

function readPem(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (cause) {
    throw new AgentError('CONFIG_INVALID', `cannot read ${path}: ${(cause as Error).message}`, { cause });
  }
}

function attempt(what: string, use: () => unknown): void {
  try {
    use();
  } catch (cause) {
    throw new AgentError('CONFIG_INVALID', `cannot use ${what}: ${(cause as Error).message}`, { cause });
  }
}
