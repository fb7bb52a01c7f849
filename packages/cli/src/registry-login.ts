import { resolve } from 'node:path';
import type { RegistryLogin } from '@keelson/agent';
import type { Caller } from './caller.js';
import { CliError } from './cli-error.js';

/** The variables that say where a user's credentials for registries are. None of them is a secret. */
export const credentialPlaces: readonly string[] = [
  'REGISTRY_AUTH_FILE',
  'DOCKER_CONFIG',
  'XDG_RUNTIME_DIR',
  'XDG_CONFIG_HOME',
  'HOME',
];

/** Whose credentials a pull shows: as the flags say, or else those of the caller's own logins. */
export function loginOf(
  { creds, authfile }: { readonly creds?: string; readonly authfile?: string },
  { workingDirectory, streams: { environment } }: Pick<Caller, 'workingDirectory' | 'streams'>,
): RegistryLogin {
  const places = credentialPlaces.map((name) => [name, environment[name]] as const);
  return {
    ...(creds !== undefined && { credentials: readCredentials(creds) }),
    ...(authfile !== undefined && { authFile: resolve(workingDirectory, authfile) }),
    environment: Object.fromEntries(places),
  };
}

function readCredentials(text: string): NonNullable<RegistryLogin['credentials']> {
  const colon = text.indexOf(':');
  // What was given is not repeated: it may be a password.
  if (colon < 1) throw new CliError('USAGE', '--creds must be USER:PASSWORD');
  return { username: text.slice(0, colon), password: text.slice(colon + 1) };
}
