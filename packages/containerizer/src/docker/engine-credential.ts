import type { Credential } from '@keelson/store';

/** The header `X-Registry-Auth` of the Docker Engine API: JSON in base64url. */
export function engineCredential(credential: Credential): string {
  const secret = credential.reveal();
  const auth = {
    password: { username: credential.username, password: secret },
    'identity-token': { identitytoken: secret },
    'registry-token': { registrytoken: secret },
  }[credential.kind];
  return Buffer.from(JSON.stringify(auth)).toString('base64url');
}
