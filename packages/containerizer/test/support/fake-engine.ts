import { createServer } from 'node:http';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import { once } from 'node:events';

/** One container of the fake: as much of it as anybody asks. */
export interface FakeEngineContainer {
  readonly id: string;
  readonly name: string;
  readonly body: any;
  running: boolean;
  started: boolean;
  exitCode: number;
  oomKilled: boolean;
  log: Buffer;
  /** Whoever waits for its end or follows its log. */
  readonly waiting: ServerResponse[];
  readonly following: ServerResponse[];
}

export type Misbehaviour = (response: ServerResponse, request: IncomingMessage) => void;

/** A frame of a log as the API sends it. */
export function frame(stream: 0 | 1 | 2 | number, text: string | Buffer): Buffer {
  const content = Buffer.from(text);
  const header = Buffer.alloc(8);
  header.writeUInt8(stream, 0);
  header.writeUInt32BE(content.length, 4);
  return Buffer.concat([header, content]);
}

/**
 * An engine that runs nothing: it keeps what it is told to create and ends it when a test says so. What a test puts
 * into `misbehaviours` answers in its place.
 */
export class FakeEngine {
  readonly requests: string[] = [];
  readonly images = new Map<string, any>();
  /** What a registry would have. */
  readonly pullable = new Map<string, any>();
  readonly containers = new Map<string, FakeEngineContainer>();
  /** By method and path without version and query, for example `POST /containers/create`; each is used once. */
  readonly misbehaviours = new Map<string, Misbehaviour>();
  apiVersion = '1.41';
  pruned: any = { ImagesDeleted: null, SpaceReclaimed: 0 };
  /** What a start does: by default it runs. */
  onStart: (container: FakeEngineContainer) => { status: number; message?: string } = () => ({ status: 204 });
  #server: Server | undefined;
  #made = 0;

  constructor(readonly socket: string) {}

  async listen(): Promise<this> {
    this.#server = createServer((request, response) => void this.#answer(request, response)).listen(this.socket);
    await once(this.#server, 'listening');
    return this;
  }

  async close(): Promise<void> {
    this.#server?.closeAllConnections();
    await new Promise((resolve) => this.#server?.close(resolve) ?? resolve(undefined));
    this.#server = undefined;
  }

  addImage(reference: string, config: object = { Entrypoint: null, Cmd: ['app'] }): void {
    this.images.set(reference, { Id: `sha256:${'a'.repeat(64)}`, Os: 'linux', Architecture: 'amd64', Config: config });
  }

  /** The one container there is. */
  get only(): FakeEngineContainer {
    const [container, ...more] = this.containers.values();
    if (!container || more.length > 0) throw new Error(`there are ${this.containers.size} containers`);
    return container;
  }

  write(container: FakeEngineContainer, stream: 1 | 2, text: string): void {
    const piece = frame(stream, text);
    container.log = Buffer.concat([container.log, piece]);
    for (const follower of container.following) follower.write(piece);
  }

  end(container: FakeEngineContainer, exitCode: number): void {
    Object.assign(container, { running: false, exitCode });
    for (const follower of container.following.splice(0)) follower.end();
    for (const waiter of container.waiting.splice(0)) waiter.end(JSON.stringify({ StatusCode: exitCode }));
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    let text = '';
    for await (const chunk of request.setEncoding('utf8')) text += chunk;
    const url = new URL(request.url!, 'http://engine');
    const path = decodeURI(url.pathname).replace(/^\/v[\d.]+/, '');
    const key = `${request.method} ${path}`;
    this.requests.push(key);
    const misbehaviour = this.misbehaviours.get(key);
    if (misbehaviour) {
      this.misbehaviours.delete(key);
      return misbehaviour(response, request);
    }
    const say = (status: number, body?: unknown): void => {
      response.writeHead(status, { 'api-version': this.apiVersion, 'content-type': 'application/json' });
      response.end(body === undefined ? undefined : JSON.stringify(body));
    };
    const refuse = (status: number, message: string): void => say(status, { message });
    if (path === '/_ping') return say(200);
    if (key === 'POST /images/create') return this.#pull(url, response);
    if (key === 'POST /images/prune') return say(200, this.pruned);
    const image = /^GET \/images\/(.+)\/json$/.exec(key);
    if (image) {
      const found = this.images.get(image[1]!);
      return found ? say(200, found) : refuse(404, `No such image: ${image[1]}`);
    }
    if (key === 'POST /containers/create') return this.#create(url, JSON.parse(text), say);
    if (key === 'GET /containers/json') {
      const [wanted] = JSON.parse(url.searchParams.get('filters')!).label as [string];
      const [label, value] = wanted.split('=') as [string, string];
      const listed = [...this.containers.values()].filter(({ body }) => body.Labels?.[label] === value);
      return say(200, listed.map(({ id, name }) => ({ Id: id, Names: [`/${name}`] })));
    }
    const [, id = '', verb = ''] = /^\/containers\/([^/]+)\/?(.*)$/.exec(path) ?? [];
    const container = [...this.containers.values()].find((each) => each.id === id || each.name === id);
    if (!container) return refuse(404, `No such container: ${id}`);
    if (request.method === 'DELETE') {
      this.end(container, container.running ? 137 : container.exitCode);
      this.containers.delete(container.id);
      return say(204);
    }
    switch (verb) {
      case 'json':
        return say(200, this.#inspect(container));
      case 'start': {
        const { status, message } = this.onStart(container);
        if (status === 204) Object.assign(container, { running: true, started: true });
        return message === undefined ? say(status) : refuse(status, message);
      }
      case 'kill':
        if (!container.running) return refuse(409, 'it is not running');
        if (url.searchParams.get('signal') === 'SIGKILL') this.end(container, 137);
        return say(204);
      case 'wait':
        response.writeHead(200).flushHeaders();
        if (container.running) return void container.waiting.push(response);
        return void response.end(JSON.stringify({ StatusCode: container.exitCode }));
      case 'logs':
        response.writeHead(200).flushHeaders();
        response.write(container.log);
        if (!container.running || url.searchParams.get('follow') !== 'true') return void response.end();
        return void container.following.push(response);
      default:
        return refuse(404, 'page not found');
    }
  }

  #inspect({ id, body, running, started, exitCode, oomKilled }: FakeEngineContainer): object {
    return {
      Id: id,
      Config: { Labels: body.Labels },
      State: {
        Running: running,
        Pid: running ? process.pid : 0,
        ExitCode: exitCode,
        OOMKilled: oomKilled,
        StartedAt: started ? '2026-01-01T00:00:00Z' : '0001-01-01T00:00:00Z',
      },
    };
  }

  #create(url: URL, body: any, say: (status: number, body: unknown) => void): void {
    const name = url.searchParams.get('name')!;
    if (![...this.images.values()].some(({ Id }) => Id === body.Image)) return say(404, { message: 'No such image' });
    if ([...this.containers.values()].some((each) => each.name === name)) return say(409, { message: 'name in use' });
    const id = `${(this.#made += 1)}`.padStart(64, 'c');
    const state = { running: false, started: false, exitCode: 0, oomKilled: false, log: Buffer.alloc(0) };
    this.containers.set(id, { id, name, body, ...state, waiting: [], following: [] });
    say(201, { Id: id, Warnings: [] });
  }

  #pull(url: URL, response: ServerResponse): void {
    const tag = url.searchParams.get('tag')!;
    const reference = `${url.searchParams.get('fromImage')}${tag.includes(':') ? '@' : ':'}${tag}`;
    response.writeHead(200).write(`${JSON.stringify({ status: `Pulling ${reference}` })}\r\n`);
    const image = this.pullable.get(reference);
    if (image) this.images.set(reference, image);
    const last = image ? { status: 'done' } : { errorDetail: { message: 'manifest unknown' }, error: 'manifest unknown' };
    response.end(JSON.stringify(last));
  }
}
