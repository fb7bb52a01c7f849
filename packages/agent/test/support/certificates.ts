import { execFileSync } from 'node:child_process';
import { chmodSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** A certificate and its key, as files. */
export interface Certificate {
  readonly cert: string;
  readonly key: string;
}

export interface Signing {
  readonly name: string;
  /** Who signs it; nobody but itself where there is none. */
  readonly by?: Certificate;
  readonly days?: number;
  /** Lines of X.509 extensions, as `extendedKeyUsage=serverAuth`. */
  readonly extensions?: readonly string[];
  /** The whole subject; default its name. */
  readonly subject?: string;
}

/** Makes certificates with openssl, in `folder`. */
export function certificates(folder: string): (signing: Signing) => Certificate {
  const openssl = (...words: readonly string[]): void => {
    execFileSync('openssl', words, { cwd: folder, stdio: 'pipe' });
  };
  const newKey = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'];
  return ({ name, by, days = 2, extensions = [], subject = `/CN=${name}` }) => {
    const [cert, key, request, extra] = ['pem', 'key', 'csr', 'ext'].map((end) => join(folder, `${name}.${end}`));
    if (by) {
      writeFileSync(extra!, `${extensions.join('\n')}\n`);
      openssl('req', ...newKey, '-keyout', key!, '-out', request!, '-subj', subject);
      const signed = ['-CA', by.cert, '-CAkey', by.key, '-CAcreateserial', '-days', String(days), '-extfile', extra!];
      openssl('x509', '-req', '-in', request!, '-out', cert!, ...signed);
    } else {
      openssl('req', '-x509', ...newKey, '-keyout', key!, '-out', cert!, '-subj', subject, '-days', String(days));
    }
    chmodSync(key!, 0o600);
    return { cert: cert!, key: key! };
  };
}

/** What a client shows. */
export function shown({ cert, key }: Certificate): { readonly cert: string; readonly key: string } {
  return { cert: readFileSync(cert, 'utf8'), key: readFileSync(key, 'utf8') };
}
