import { mkdtempSync, rmSync } from 'node:fs';
import type { IncomingHttpHeaders } from 'node:http';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Configuration } from '@keelson/agent';
import type { ServedAgent, ServeOptions } from '@keelson/agent/server';
import { serveAgent } from '@keelson/agent/server';
import { afterAll, afterEach, beforeAll, beforeEach } from 'vitest';

export interface Reply {
  readonly status: number | undefined;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

export interface Asking {
  readonly method?: string;
  readonly path: string;
  /** Sent as JSON unless it is text. */
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
}

/** Where agents of a test listen: a socket, or the base of TCP. */
export type Target = Pick<ServedAgent, 'socket'> | string;

/** One request to its end. */
export function ask(target: Target, { method = 'GET', path, body, headers = {} }: Asking): Promise<Reply> {
  const text = body === undefined ? '' : typeof body === 'string' ? body : JSON.stringify(body);
  const length = { 'content-length': String(Buffer.byteLength(text)) };
  const type = body === undefined ? {} : { 'content-type': 'application/json' };
  const where = typeof target === 'string' ? new URL(path, target) : { socketPath: target.socket, path };
  const address =
    where instanceof URL ? { host: where.hostname, port: where.port, path: `${where.pathname}${where.search}` } : where;
  return new Promise((resolve, reject) => {
    request({ ...address, method, headers: { ...type, ...length, ...headers }, agent: false }, async (response) => {
      let received = '';
      for await (const chunk of response.setEncoding('utf8')) received += chunk;
      resolve({ status: response.statusCode, headers: response.headers, body: received });
    })
      .on('error', reject)
      .end(text);
  });
}

/** One request whose answer is JSON; fails unless it is answered with `status`. */
export async function json(target: Target, asking: Asking, status = 200): Promise<any> {
  const reply = await ask(target, asking);
  if (reply.status !== status) throw new Error(`${asking.path} answered ${reply.status}: ${reply.body}`);
  return JSON.parse(reply.body);
}

/** One call of the operator API. */
export function call(target: Target, type: string, message?: unknown): Promise<Reply> {
  const body = { type, ...(message !== undefined && { [type.toLowerCase()]: message }) };
  return ask(target, { method: 'POST', path: '/api/v1', body });
}

export interface Serving {
  readonly folder: string;
  readonly root: string;
  /** Starts an agent on the root, in this process; it ends with the test. */
  serve(configuration?: Partial<Configuration>, options?: Partial<ServeOptions>): Promise<ServedAgent>;
}

/** One agent for all tests of a file or of a describe: for those that change nothing. */
export function useServedAgent(): () => ServedAgent {
  let folder = '';
  let served: ServedAgent | undefined;
  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'keelson-served-'));
    const configuration = { root: join(folder, 'root'), backend: 'copy', shutdownTimeoutMs: 1_000 } as const;
    served = await serveAgent(configuration, { version: '1.2.3' });
  });
  afterAll(async () => {
    await served?.close();
    rmSync(folder, { recursive: true, force: true });
  });
  return () => served!;
}

/** A folder of its own and agents in it, for every test of the file. */
export function useServing(): Serving {
  const open: ServedAgent[] = [];
  let folder = '';
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'keelson-serving-'));
  });
  afterEach(async () => {
    for (const served of open.splice(0)) await served.close();
    rmSync(folder, { recursive: true, force: true });
  });
  return {
    get folder() {
      return folder;
    },
    get root() {
      return join(folder, 'root');
    },
    serve: async (configuration = {}, options = {}) => {
      const base = { root: join(folder, 'root'), backend: 'copy', lockTimeoutMs: 0, shutdownTimeoutMs: 1_000 } as const;
      const served = await serveAgent({ ...base, ...configuration }, { version: '1.2.3', ...options });
      open.push(served);
      return served;
    },
  };
}
