import type { Files, Subprocesses } from '@keelson/os/ports';
import { Future } from '@keelson/process';
import { codeOf, StoreError } from '../store-error.js';
import { Credential } from './credential.js';
import type { RegistryAccess } from './credential.js';
import type { DockerConfig } from './docker-config.js';
import { parseDockerConfig, registryKeys } from './docker-config.js';

export interface ConfigCredentialsOptions {
  readonly files: Files;
  /** Runs credential helpers. */
  readonly subprocesses: Subprocesses;
  readonly id: string;
  /** Tried in order until one knows the registry. */
  readonly configs: readonly CredentialFile[];
  /** What a helper gets. */
  readonly environment: Readonly<Record<string, string>>;
  /** Given up after that long. Default 30,000. */
  readonly helperTimeoutMs?: number;
}

export interface CredentialFile {
  readonly path: string;
  /** The user named it: it must be there. */
  readonly required?: boolean;
}

const mostConfigBytes = 4 * 1024 * 1024;

/**
 * Finds credentials where `docker login` and `podman login` leave them: in their files, or behind credential
 * helpers. Read anew each time, so a login is known at once; nothing is kept.
 */
export class ConfigCredentials implements RegistryAccess {
  readonly id: string;

  constructor(private readonly options: ConfigCredentialsOptions) {
    this.id = options.id;
  }

  credential(registry: string, repository: string): Future<Credential | undefined> {
    const tryNext = (index: number): Future<Credential | undefined> => {
      const file = this.options.configs[index];
      if (!file) return Future.ready(undefined);
      return this.#read(file)
        .then((config) => config && this.#find(config, registry, repository))
        .then((found) => found ?? tryNext(index + 1));
    };
    return tryNext(0);
  }

  #read({ path, required = false }: CredentialFile): Future<DockerConfig | undefined> {
    return this.options.files
      .read(path, { maxBytes: mostConfigBytes })
      .then((bytes): DockerConfig | undefined => parseDockerConfig(bytes, path))
      .repair((failed) => {
        const error = failed.failure();
        if (error instanceof StoreError) throw error;
        if (!required && ['ENOENT', 'ENOTDIR', 'EACCES'].includes(codeOf(error) ?? '')) return Future.ready(undefined);
        throw new StoreError('CREDENTIALS_INVALID', `cannot read credentials: ${error.message}`, { cause: error });
      });
  }

  #find(config: DockerConfig, registry: string, repository: string): Future<Credential | undefined> {
    const { auths, helpers, defaultHelper } = config;
    const helper = helpers.get(registry.toLowerCase());
    const asked = [helper, defaultHelper].filter((name) => name !== undefined);
    const ask = (index: number): Future<Credential | undefined> => {
      const name = asked[index];
      if (name === undefined) {
        const key = registryKeys(registry, repository).find((each) => auths.has(each));
        return Future.ready(key === undefined ? undefined : auths.get(key));
      }
      return this.#askHelper(name, registry).then((found) => found ?? ask(index + 1));
    };
    return ask(0);
  }

  /** Source: docker-credential-helpers, `get`: the server on stdin, one JSON document on stdout. */
  #askHelper(name: string, registry: string): Future<Credential | undefined> {
    const { subprocesses, environment, helperTimeoutMs = 30_000 } = this.options;
    const program = `docker-credential-${name}`;
    const server = registry === 'docker.io' ? 'https://index.docker.io/v1/' : registry;
    const run = { argv: [program, 'get'], environment, input: server, timeoutMs: helperTimeoutMs };
    return subprocesses
      .run({ ...run, maxOutputBytes: 64 * 1024 })
      .repair((failed) => {
        throw invalid(`${program} could not be run: ${failed.failure().message}`);
      })
      .then(({ status, stdout }) => {
        if (status.exitCode === 0) return readHelperAnswer(program, stdout);
        if (status.signal !== undefined) throw invalid(`${program} did not end within ${helperTimeoutMs} ms`);
        if (/credentials not found/i.test(stdout)) return undefined;
        // What it printed may hold a secret.
        throw invalid(`${program} failed for ${registry} with exit status ${status.exitCode}`);
      });
  }
}

function readHelperAnswer(program: string, stdout: string): Credential | undefined {
  let answer: unknown;
  try {
    answer = JSON.parse(stdout);
  } catch {
    throw invalid(`${program} answered no JSON`);
  }
  const { Username: username, Secret: secret } = (answer ?? {}) as { Username?: unknown; Secret?: unknown };
  if (typeof username !== 'string' || typeof secret !== 'string') {
    throw invalid(`${program} answered without a user name and a secret`);
  }
  if (username === '' && secret === '') return undefined;
  return username === '<token>' ? Credential.identityToken(secret) : Credential.password(username, secret);
}

function invalid(why: string): StoreError {
  return new StoreError('CREDENTIALS_INVALID', `cannot get credentials: ${why}`);
}
