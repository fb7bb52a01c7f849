import { randomBytes } from 'node:crypto';
import { closeSync, fstatSync, openSync, readFileSync, writeFileSync } from 'node:fs';
import { AgentError } from '../agent-error.js';

const maxSecretBytes = 1024 * 1024;

/**
 * Reads a file that holds secrets.
 *
 * @param purpose  what it is for, for messages: `tokenFile`
 * @throws AgentError CONFIG_INVALID  it cannot be read, is too large, or others than its owner may read it
 */
export function readSecretFile(path: string, purpose: string): string {
  try {
    const descriptor = openSync(path, 'r');
    try {
      // Of the file that is open: another may have its name by the time it is read.
      const { mode, size } = fstatSync(descriptor);
      if ((mode & 0o077) !== 0) throw new Error(`its mode is ${(mode & 0o777).toString(8)}, but must be 600`);
      if (size > maxSecretBytes) throw new Error(`it has ${size} bytes, more than ${maxSecretBytes}`);
      return readFileSync(descriptor, 'utf8');
    } finally {
      closeSync(descriptor);
    }
  } catch (cause) {
    throw new AgentError('CONFIG_INVALID', `cannot use ${purpose} ${path}: ${(cause as Error).message}`, { cause });
  }
}

/** The token in `path`; with `make` a new one is written there if there is none yet, for its owner alone. */
export function readToken(path: string, { make }: { readonly make: boolean }): string {
  if (make) {
    try {
      writeFileSync(path, `${randomBytes(32).toString('hex')}\n`, { mode: 0o600, flag: 'wx' });
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') {
        throw new AgentError('CONFIG_INVALID', `cannot write a token: ${(error as Error).message}`, { cause: error });
      }
    }
  }
  const token = readSecretFile(path, 'tokenFile').trim();
  if (token.length >= 16 && !/\s/.test(token)) return token;
  const rule = 'it must hold one token of at least 16 characters without spaces';
  throw new AgentError('CONFIG_INVALID', `cannot use tokenFile ${path}: ${rule}`);
}
