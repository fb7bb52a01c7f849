import { AgentError } from '../agent-error.js';
import { list, secret, shape } from '../schema/composed-schema.js';
import { text } from '../schema/schema.js';
import { readSecretFile } from './secret-file.js';

/** Somebody who may call, and the secret that shows who it is. */
export interface Credential {
  readonly principal: string;
  readonly secret: string;
}

const name = text({
  description: 'A principal.',
  pattern: /^[^\s:]+$/,
  expected: 'a name without spaces and colons',
  maxLength: 255,
});
const schema = shape({
  credentials: list(shape({ principal: name, secret: secret(text({ description: 'Its secret.', maxLength: 1024 })) }), {
    description: 'Who may call.',
    maxItems: 10_000,
  }),
});

/**
 * Reads credentials in the form of Mesos's `--http_credentials`.
 *
 * @throws AgentError CONFIG_INVALID  naming the file; never a secret
 */
export function readCredentials(path: string): readonly Credential[] {
  const content = readSecretFile(path, 'credentialsFile');
  try {
    const { credentials } = schema.read(parsed(content), '');
    for (const { principal, secret } of credentials) {
      if (secret.length < 8) throw new Error(`the secret of ${principal} has less than 8 characters`);
    }
    return credentials;
  } catch (cause) {
    const why = (cause as Error).message;
    throw new AgentError('CONFIG_INVALID', `cannot use credentialsFile ${path}: ${why}`);
  }
}

function parsed(content: string): unknown {
  try {
    return JSON.parse(content);
  } catch {
    throw new Error('it is no JSON');
  }
}
