import type { Http, HttpRequest, HttpStreams } from '@keelson/os/ports';
import { HttpError } from '@keelson/os/ports';
import { Future } from '@keelson/process';
import type { Credential } from '@keelson/store';
import type { ContainerizerErrorCode } from '../containerizer-error.js';
import { ContainerizerError, messageOf } from '../containerizer-error.js';
import type { EngineContainer, EngineImage, EnginePrune, ListedEngineContainer } from './engine-answer.js';
import {
  containerOf,
  idOf,
  imageOf,
  isExitStatus,
  listOf,
  parseAnswer,
  pruneOf,
  refusalText,
} from './engine-answer.js';
import { engineCredential } from './engine-credential.js';
import { PullLines } from './pull-lines.js';

export interface DockerEngineOptions {
  readonly http: Pick<Http, 'request'> & HttpStreams;
  /** Absolute path of the engine's unix socket. */
  readonly socket: string;
  /** How long the engine may take for an answer, in milliseconds. Default 60,000. */
  readonly timeoutMs?: number;
}

export interface EnginePullOptions {
  readonly platform?: string;
  /** What the engine shows to the registry. */
  readonly credential?: Credential;
}

interface Answer {
  readonly status: number;
  readonly body: Uint8Array;
}

/** The newest version of the API this was written for; an older engine is spoken to in its own. */
const newestApi = [1, 51] as const;
/** Since it creates containers for a platform that is asked for. */
const oldestApi = [1, 41] as const;
const maxAnswerBytes = 16 << 20;

/**
 * A Docker engine, spoken to through its HTTP API (Docker Engine API 1.41 and newer, as podman serves it too). Plain
 * questions and answers; nothing is remembered but the version.
 *
 * What any request may fail with: ENGINE_UNREACHABLE (nothing listens, or the connection broke), ENGINE_TIMEOUT,
 * ENGINE_ERROR (an answer that is no answer to it). Discarding an answer ends its connection.
 */
export class DockerEngine {
  #version: string | undefined;

  constructor(private readonly options: DockerEngineOptions) {}

  get socket(): string {
    return this.options.socket;
  }

  /** Whether an engine is there that we can speak to. */
  ping(timeoutMs = this.#timeoutMs): Future<void> {
    return this.#bounded(this.#http('GET', '/_ping'), 'reach the engine', timeoutMs).then(({ status, headers }) => {
      if (status !== 200) throw this.#error('ENGINE_ERROR', 'reach the engine', `it answers ${status}`);
      const match = /^(\d+)\.(\d+)$/.exec(headers['api-version'] ?? '');
      const own = [Number(match?.[1]), Number(match?.[2])] as const;
      if (!match || isOlder(own, oldestApi)) {
        const told = headers['api-version'] ?? 'no version';
        throw this.#error('ENGINE_ERROR', 'use the engine', `its API is ${told}, but must be 1.41 or newer`);
      }
      this.#version = `v${(isOlder(own, newestApi) ? own : newestApi).join('.')}`;
    });
  }

  /** `undefined` when the engine has no such image. */
  image(name: string): Future<EngineImage | undefined> {
    const attempt = `look up image ${name}`;
    return this.#ask('GET', `/images/${encodeURI(name)}/json`, attempt).then(({ status, body }) => {
      if (status === 404) return undefined;
      return imageOf(parseAnswer(this.#only(200, status, body, attempt), 'about an image'));
    });
  }

  /**
   * Lets the engine pull an image; answers when it is there.
   *
   * @throws ContainerizerError IMAGE_NOT_FOUND, ENGINE_PULL_FAILED
   */
  pull(repository: string, tag: string, { platform, credential }: EnginePullOptions = {}): Future<void> {
    const attempt = `pull ${repository}${tag.includes(':') ? '@' : ':'}${tag}`;
    const query = new URLSearchParams({ fromImage: repository, tag, ...(platform && { platform }) });
    const lines = new PullLines();
    return this.#prefix().then((prefix) => {
      // It says nothing while it unpacks, and a large layer takes its time.
      const idleTimeoutMs = 5 * this.#timeoutMs;
      const headers = credential && { 'x-registry-auth': engineCredential(credential) };
      const post = this.#request('POST', `${prefix}/images/create?${query}`);
      const request = { ...post, idleTimeoutMs, ...(headers && { headers }) };
      const onChunk = (chunk: Uint8Array): void => lines.push(chunk);
      return this.#coded(this.options.http.stream(request, { onChunk }), attempt).then(({ status, errorBody }) => {
        const why = status === 200 ? lines.end() : refusalText(errorBody);
        if (why === undefined) return;
        const missing = status === 404 || /manifest unknown|not found|does not exist/i.test(why);
        throw this.#error(missing ? 'IMAGE_NOT_FOUND' : 'ENGINE_PULL_FAILED', attempt, why);
      });
    });
  }

  /**
   * Makes a container, which does not run yet; answers its id.
   *
   * @throws ContainerizerError NAME_CONFLICT    another has that name
   * @throws ContainerizerError IMAGE_NOT_FOUND  the image went away meanwhile
   * @throws ContainerizerError CONTAINER_INVALID, MOUNT_REFUSED  the engine refuses what it is asked for
   */
  create(name: string, body: object, platform?: string): Future<string> {
    const attempt = `create container ${name}`;
    const query = new URLSearchParams({ name, ...(platform && { platform }) });
    return this.#ask('POST', `/containers/create?${query}`, attempt, body).then((answer) => {
      if (answer.status === 201) return idOf(parseAnswer(answer.body, 'to a create')['Id'], 'to a create');
      throw this.#refusal(attempt, answer, { 400: 'CONTAINER_INVALID', 404: 'IMAGE_NOT_FOUND', 409: 'NAME_CONFLICT' });
    });
  }

  /** @throws ContainerizerError LAUNCH_FAILED  with the engine's reason */
  start(id: string): Future<void> {
    const attempt = `start container ${id}`;
    return this.#ask('POST', `/containers/${id}/start`, attempt).then((answer) => {
      if (answer.status === 204 || answer.status === 304) return;
      throw this.#refusal(attempt, answer, {}, 'LAUNCH_FAILED');
    });
  }

  /** By id or name; `undefined` when the engine has no such container. */
  container(id: string): Future<EngineContainer | undefined> {
    const attempt = `look up container ${id}`;
    return this.#ask('GET', `/containers/${id}/json`, attempt).then(({ status, body }) => {
      if (status === 404) return undefined;
      return containerOf(parseAnswer(this.#only(200, status, body, attempt), 'about a container'));
    });
  }

  /** The containers that carry `label` (`key=value`), running or not. */
  list(label: string): Future<ListedEngineContainer[]> {
    const attempt = 'list containers';
    const query = new URLSearchParams({ all: 'true', filters: JSON.stringify({ label: [label] }) });
    return this.#ask('GET', `/containers/json?${query}`, attempt).then(({ status, body }) =>
      listOf(parseAnswer(this.#only(200, status, body, attempt), 'to a list')),
    );
  }

  /** Signals its first process; false when nothing runs. */
  kill(id: string, signal: string): Future<boolean> {
    const attempt = `send ${signal} to container ${id}`;
    return this.#ask('POST', `/containers/${id}/kill?${new URLSearchParams({ signal })}`, attempt).then((answer) => {
      if (answer.status === 204) return true;
      if (answer.status === 404 || answer.status === 409) return false;
      throw this.#refusal(attempt, answer);
    });
  }

  /** Answers its exit status once nothing runs in it, however long that takes; `undefined` when that is not told. */
  wait(id: string): Future<number | undefined> {
    const attempt = `wait for container ${id}`;
    const chunks: Uint8Array[] = [];
    let received = 0;
    const onChunk = (chunk: Uint8Array): void => {
      if ((received += chunk.length) > maxAnswerBytes) throw this.#error('ENGINE_ERROR', attempt, 'it says too much');
      chunks.push(chunk);
    };
    return this.#follow(`/containers/${id}/wait?condition=not-running`, 'POST', attempt, onChunk).then(() => {
      const { StatusCode: code } = parseAnswer(joined(chunks), 'to a wait') as { StatusCode?: unknown };
      return isExitStatus(code) ? code : undefined;
    });
  }

  /** Hands on what it wrote from its beginning, in the frames of the API; with `follow`, until it has ended. */
  logs(id: string, follow: boolean, onChunk: (chunk: Uint8Array) => Future<void> | void): Future<void> {
    const query = new URLSearchParams({ stdout: 'true', stderr: 'true', follow: String(follow) });
    return this.#follow(`/containers/${id}/logs?${query}`, 'GET', `read the log of container ${id}`, onChunk);
  }

  /** Removes it with its volumes, ending it if it runs. One that is gone is success. */
  remove(id: string): Future<void> {
    const attempt = `remove container ${id}`;
    return this.#ask('DELETE', `/containers/${id}?force=true&v=true`, attempt).then((answer) => {
      if (answer.status !== 204 && answer.status !== 404) throw this.#refusal(attempt, answer);
    });
  }

  /** Lets the engine remove every image that none of its containers uses. */
  pruneImages(): Future<EnginePrune> {
    const attempt = 'prune images';
    const query = new URLSearchParams({ filters: JSON.stringify({ dangling: ['false'] }) });
    return this.#ask('POST', `/images/prune?${query}`, attempt, undefined, 10 * this.#timeoutMs).then((answer) => {
      if (answer.status !== 200) throw this.#refusal(attempt, answer);
      return pruneOf(parseAnswer(answer.body, 'to a prune'));
    });
  }

  #follow(path: string, method: 'GET' | 'POST', attempt: string, onChunk: (chunk: Uint8Array) => Future<void> | void) {
    return this.#prefix().then((prefix) => {
      const request = { ...this.#request(method, `${prefix}${path}`), idleTimeoutMs: 0 };
      const streamed = this.#coded(this.options.http.stream(request, { onChunk }), attempt);
      return streamed.then(({ status, errorBody }): void => {
        if (status !== 200) throw this.#refusal(attempt, { status, body: errorBody ?? new Uint8Array() });
      });
    });
  }

  #ask(
    method: HttpRequest['method'],
    path: string,
    attempt: string,
    body?: object,
    timeoutMs = this.#timeoutMs,
  ): Future<Answer> {
    return this.#prefix().then((prefix) =>
      this.#bounded(this.#http(method, `${prefix}${path}`, body, timeoutMs), attempt, timeoutMs),
    );
  }

  #http(method: HttpRequest['method'], path: string, body?: object, timeoutMs = this.#timeoutMs) {
    const request = { ...this.#request(method, path, body), idleTimeoutMs: timeoutMs };
    return this.options.http.request(request, { maxBytes: maxAnswerBytes });
  }

  #request(method: HttpRequest['method'], path: string, body?: object): HttpRequest {
    const content = body && new TextEncoder().encode(JSON.stringify(body));
    return {
      method,
      url: `http://docker${path}`,
      socketPath: this.options.socket,
      ...(content && { body: content, headers: { 'content-type': 'application/json' } }),
    };
  }

  #prefix(): Future<string> {
    const known = this.#version;
    return known === undefined ? this.ping().then(() => `/${this.#version}`) : Future.ready(`/${known}`);
  }

  get #timeoutMs(): number {
    return this.options.timeoutMs ?? 60_000;
  }

  /** An engine that says a byte now and then never idles, so the whole answer has its time. */
  #bounded<T>(answer: Future<T>, attempt: string, timeoutMs: number): Future<T> {
    const bounded = answer.after(timeoutMs, (late) => {
      late.discard();
      throw this.#error('ENGINE_TIMEOUT', attempt, `no whole answer within ${timeoutMs} ms`);
    });
    return this.#coded(bounded, attempt);
  }

  #coded<T>(answer: Future<T>, attempt: string): Future<T> {
    return answer.repair((failed) => {
      const error = failed.failure();
      if (!(error instanceof HttpError)) return failed;
      // Another engine may listen there next time.
      this.#version = undefined;
      throw this.#error(codes[error.code], attempt, messageOf(error), error);
    });
  }

  #only(wanted: number, status: number, body: Uint8Array, attempt: string): Uint8Array {
    if (status === wanted) return body;
    throw this.#refusal(attempt, { status, body });
  }

  #refusal(
    attempt: string,
    { status, body }: Answer,
    known: Readonly<Record<number, ContainerizerErrorCode>> = {},
    other: ContainerizerErrorCode = 'ENGINE_ERROR',
  ): ContainerizerError {
    const why = refusalText(body);
    const code = known[status] ?? other;
    const mount = code === 'CONTAINER_INVALID' && /mount|bind source/i.test(why);
    return this.#error(mount ? 'MOUNT_REFUSED' : code, attempt, `the engine answers ${status}: ${why}`);
  }

  #error(code: ContainerizerErrorCode, attempt: string, why: string, cause?: Error): ContainerizerError {
    const message = `Cannot ${attempt}: ${why} (engine at ${this.options.socket})`;
    return new ContainerizerError(code, message, cause && { cause });
  }
}

const codes: Readonly<Record<HttpError['code'], ContainerizerErrorCode>> = {
  CONNECTION_FAILED: 'ENGINE_UNREACHABLE',
  CONNECTION_RESET: 'ENGINE_UNREACHABLE',
  TRUNCATED: 'ENGINE_UNREACHABLE',
  IDLE_TIMEOUT: 'ENGINE_TIMEOUT',
  TOO_LARGE: 'ENGINE_ERROR',
  INVALID_RESPONSE: 'ENGINE_ERROR',
};

function isOlder(version: readonly [number, number], than: readonly [number, number]): boolean {
  return version[0] < than[0] || (version[0] === than[0] && version[1] < than[1]);
}

function joined(chunks: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(chunks.reduce((total, { length }) => total + length, 0));
  let position = 0;
  for (const chunk of chunks) {
    whole.set(chunk, position);
    position += chunk.length;
  }
  return whole;
}
