import { homedir } from 'node:os';
import { join } from 'node:path';
import { parseReference } from '@keelson/image';
import type { Files, Subprocesses } from '@keelson/os/ports';
import type { CredentialFile, RegistryAccess } from '@keelson/store';
import { accessId, ConfigCredentials, givenAccess } from '@keelson/store';

/** Whose credentials a pull shows, where they are not the agent's own. */
export interface RegistryLogin {
  /** For who finds them by itself: nothing below counts then. */
  readonly access?: RegistryAccess;
  /** For the registry of the image, and no other. */
  readonly credentials?: { readonly username: string; readonly password: string };
  /** A file of credentials instead of the usual ones: a `config.json` of Docker or an `auth.json` of podman. */
  readonly authFile?: string;
  /** Where the usual ones are for somebody else: `DOCKER_CONFIG`, `REGISTRY_AUTH_FILE`, `HOME`, … */
  readonly environment?: Readonly<Record<string, string | undefined>>;
}

export interface LoginPorts {
  readonly files: Files;
  readonly subprocesses: Subprocesses;
}

/**
 * What the agent itself shows: the credentials that `docker login` or `podman login` of its user left.
 *
 * Order: `$REGISTRY_AUTH_FILE` alone if it is set; else `$XDG_RUNTIME_DIR/containers/auth.json`, then
 * `~/.config/containers/auth.json`, then `$DOCKER_CONFIG/config.json` or `~/.docker/config.json`.
 */
export function ownAccess(ports: LoginPorts, environment: NodeJS.ProcessEnv = process.env): RegistryAccess {
  return fromFiles(ports, credentialFiles(environment), environment, 'own');
}

/** What a request asks for with `login`; nothing, if that is what the agent does anyway. */
export function accessFor(
  ports: LoginPorts,
  reference: string,
  { access, credentials, authFile, environment = {} }: RegistryLogin,
): RegistryAccess | undefined {
  if (access) return access;
  if (credentials) {
    const { registry } = parseReference(reference);
    return givenAccess(registry, credentials.username, credentials.password);
  }
  const own = credentialFiles(process.env);
  const around = { ...process.env, ...environment };
  const wanted = authFile === undefined ? credentialFiles(around) : [{ path: authFile, required: true }];
  if (JSON.stringify(wanted) === JSON.stringify(own)) return undefined;
  return fromFiles(ports, wanted, around, accessId('files', ...wanted.map(({ path }) => path)));
}

function credentialFiles(environment: NodeJS.ProcessEnv): readonly CredentialFile[] {
  const named = environment['REGISTRY_AUTH_FILE'];
  if (named) return [{ path: named, required: true }];
  const home = environment['HOME'] || homedir();
  const runtime = environment['XDG_RUNTIME_DIR'];
  const config = environment['XDG_CONFIG_HOME'] || join(home, '.config');
  const docker = environment['DOCKER_CONFIG'] || join(home, '.docker');
  return [
    ...(runtime ? [{ path: join(runtime, 'containers/auth.json') }] : []),
    { path: join(config, 'containers/auth.json') },
    { path: join(docker, 'config.json') },
  ];
}

function fromFiles(
  { files, subprocesses }: LoginPorts,
  configs: readonly CredentialFile[],
  around: NodeJS.ProcessEnv,
  id: string,
): RegistryAccess {
  const environment = Object.fromEntries(
    Object.entries(around).filter((entry): entry is [string, string] => entry[1] !== undefined),
  );
  return new ConfigCredentials({ files, subprocesses, id, configs, environment });
}
