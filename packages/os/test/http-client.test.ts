import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { existsSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type RequestListener, type ServerResponse } from 'node:http';
import { createServer as createTcpServer, type AddressInfo, type Socket } from 'node:net';
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { HttpClient, HttpError } from '@keelson/os';
import { Deferred, Future } from '@keelson/process';
import { temporaryDirectory } from './temporary-directory.js';

type Finished = (clean: () => void) => void;

/** A server on the loopback interface; answers its address. */
async function serve(onTestFinished: Finished, listener: RequestListener): Promise<string> {
  const server = createServer(listener).listen(0, '127.0.0.1');
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  await once(server, 'listening');
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

/** A server that says what it likes. */
async function serveBytes(onTestFinished: Finished, answer: (socket: Socket) => void): Promise<string> {
  const sockets: Socket[] = [];
  const server = createTcpServer((socket) => {
    sockets.push(socket.on('error', () => undefined));
    socket.once('data', () => answer(socket));
  }).listen(0, '127.0.0.1');
  onTestFinished(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  await once(server, 'listening');
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

const sha256 = (content: Uint8Array) => createHash('sha256').update(content).digest('hex');
const text = (content: Uint8Array) => Buffer.from(content).toString();
const content = Buffer.from(Array.from({ length: 300_000 }, (_, index) => index % 251));
const client = new HttpClient();

describe('HttpClient.request', () => {
  it('sends method, headers and body, and answers status, headers and body', async ({ onTestFinished }) => {
    const url = await serve(onTestFinished, async (request, response) => {
      const { headers } = request;
      const chunks: Buffer[] = [];
      for await (const chunk of request) chunks.push(chunk as Buffer);
      response.writeHead(201, { 'X-Answer': ['one', 'two'] });
      response.end(
        `${request.method} ${request.url} ${headers['x-question']} ${Buffer.concat(chunks)} ` +
          `${headers['accept-encoding']}`,
      );
    });

    const answer = await client.request({
      method: 'POST',
      url: `${url}/path?query=1`,
      headers: { 'x-question': 'why' },
      body: Buffer.from('body'),
    });

    expect(answer).toMatchObject({ status: 201, headers: { 'x-answer': 'one, two' } });
    expect(text(answer.body)).toBe('POST /path?query=1 why body identity');
  });

  it('answers a redirect instead of following it', async ({ onTestFinished }) => {
    const url = await serve(onTestFinished, (_, response) =>
      response.writeHead(307, { location: 'http://elsewhere.invalid/' }).end(),
    );

    expect(await client.request({ method: 'GET', url })).toMatchObject({
      status: 307,
      headers: { location: 'http://elsewhere.invalid/' },
    });
  });

  it('reads no more than it may, whether the length is told or not, and takes a long HEAD', async ({
    onTestFinished,
  }) => {
    const url = await serve(onTestFinished, (request, response) => {
      if (request.url === '/told') response.setHeader('content-length', content.length);
      if (request.method === 'HEAD') response.setHeader('content-length', 10 ** 12);
      response.write(content);
      response.end();
    });

    await expect(
      client.request({ method: 'GET', url: `${url}/told` }, { maxBytes: 1000 }),
    ).rejects.toMatchObject({ code: 'TOO_LARGE' });
    await expect(
      client.request({ method: 'GET', url: `${url}/untold` }, { maxBytes: 1000 }),
    ).rejects.toMatchObject({ code: 'TOO_LARGE' });
    expect((await client.request({ method: 'GET', url }, { maxBytes: content.length })).body).toHaveLength(
      content.length,
    );
    expect((await client.request({ method: 'HEAD', url })).headers['content-length']).toBe('1000000000000');
  });

  it('tells why there is no answer, without credentials or query', async ({ onTestFinished }) => {
    const closing = await serveBytes(onTestFinished, (socket) => socket.destroy());
    const nonsense = await serveBytes(onTestFinished, (socket) => socket.end('nonsense\r\n\r\n'));
    const broken = await serveBytes(onTestFinished, (socket) =>
      socket.end('HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf'),
    );
    const silent = await serveBytes(onTestFinished, () => undefined);
    const stalling = await serveBytes(onTestFinished, (socket) =>
      socket.write('HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf'),
    );
    const impatient = new HttpClient({ idleTimeoutMs: 30 });
    const failure = (url: string, by = client) =>
      by.request({ method: 'GET', url }).then(undefined, (error: unknown) => error as HttpError);

    for (const [url, code, by] of [
      [closing, 'CONNECTION_RESET', client],
      [nonsense, 'INVALID_RESPONSE', client],
      [broken, 'TRUNCATED', client],
      [silent, 'IDLE_TIMEOUT', impatient],
      [stalling, 'IDLE_TIMEOUT', impatient],
      ['http://127.0.0.1:1', 'CONNECTION_FAILED', client],
      ['ftp://127.0.0.1', 'CONNECTION_FAILED', client],
      ['nonsense', 'CONNECTION_FAILED', client],
    ] as const) {
      const error = await failure(`${url.replace('//', '//user:secret@')}/path?signature=secret`, by);
      expect(error).toBeInstanceOf(HttpError);
      expect([url, (error as HttpError).code]).toEqual([url, code]);
      expect((error as HttpError).message).not.toContain('secret');
    }
    const smuggled = { method: 'GET', url: silent, headers: { authorization: 'secret\r\nx: y' } } as const;
    await expect(client.request(smuggled)).rejects.toMatchObject({
      name: 'HttpError',
      code: 'CONNECTION_FAILED',
      message: expect.not.stringContaining('secret') as string,
    });
  });

  it('sends again when a kept connection turns out to be closed', async ({ onTestFinished }) => {
    let connections = 0;
    const server = createTcpServer((socket) => {
      connections++;
      socket.on('error', () => undefined);
      socket.once('data', () => {
        socket.write('HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: keep-alive\r\n\r\nok');
        socket.once('data', () => socket.resetAndDestroy());
      });
    }).listen(0, '127.0.0.1');
    onTestFinished(() => void server.close());
    await once(server, 'listening');
    const own = new HttpClient();
    const request = {
      method: 'GET',
      url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    } as const;

    await own.request(request);
    await new Promise((later) => setImmediate(later));

    expect(text((await own.request(request)).body)).toBe('ok');
    expect(connections).toBe(2);
    await own.request(request).then(undefined, () => undefined);
    own.close();
  });

  it('aborts what is discarded', async ({ onTestFinished }) => {
    let gone = () => undefined as void;
    const aborted = new Promise<void>((done) => (gone = done));
    let arrived = () => undefined as void;
    const waiting = new Promise<void>((done) => (arrived = done));
    const url = await serve(onTestFinished, (request: IncomingMessage, response: ServerResponse) => {
      response.on('close', gone);
      arrived();
    });
    const answer = client.request({ method: 'GET', url });
    await waiting;
    const discarded = new Promise<void>((done) => answer.onDiscarded(done));

    answer.discard();

    await Promise.all([aborted, discarded]);
    expect(answer.isDiscarded()).toBe(true);
  });

  it('does not keep the process alive with an idle connection', async ({ onTestFinished }) => {
    const script = `import { createServer } from 'node:http'; import { once } from 'node:events';
      import { HttpClient } from '${new URL('../dist/index.js', import.meta.url).pathname}';
      const server = createServer((_, response) => response.end('ok')).listen(0);
      await once(server, 'listening');
      const url = 'http://127.0.0.1:' + server.address().port;
      console.log((await new HttpClient().request({ method: 'GET', url })).status);
      server.unref();`;

    expect(
      execFileSync(process.execPath, ['--input-type=module', '-e', script], { timeout: 20_000 }).toString(),
    ).toBe('200\n');
    onTestFinished(() => undefined);
  });
});

describe('HttpClient.download', () => {
  it('streams into a new file and answers its digest', async ({ onTestFinished }) => {
    const path = join(temporaryDirectory(onTestFinished), 'blob');
    const url = await serve(onTestFinished, (_, response) => response.end(content));
    const progress: number[] = [];

    const result = await client.download({ method: 'GET', url }, path, {
      maxBytes: content.length,
      onProgress: (bytes) => progress.push(bytes),
    });

    expect(result).toMatchObject({ status: 200, sha256: sha256(content), sizeBytes: content.length });
    expect(content.equals(readFileSync(path))).toBe(true);
    expect(progress.at(-1)).toBe(content.length);
    expect(progress).toEqual([...progress].toSorted((x, y) => x - y));
  });

  it('never writes over a file', async ({ onTestFinished }) => {
    const path = join(temporaryDirectory(onTestFinished), 'blob');
    writeFileSync(path, 'mine');
    const url = await serve(onTestFinished, (_, response) => response.end('theirs'));

    await expect(client.download({ method: 'GET', url }, path, { maxBytes: 100 })).rejects.toMatchObject({
      name: 'FileError',
      code: 'EEXIST',
    });
    expect(readFileSync(path, 'utf8')).toBe('mine');
  });

  it('leaves no file when the body is too large or breaks off', async ({ onTestFinished }) => {
    const root = temporaryDirectory(onTestFinished);
    const large = await serve(onTestFinished, (_, response) => response.end(content));
    const broken = await serveBytes(onTestFinished, (socket) =>
      socket.end('HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf'),
    );
    const chunked = await serveBytes(onTestFinished, (socket) =>
      socket.end('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\n'),
    );

    for (const [url, code] of [
      [large, 'TOO_LARGE'],
      [broken, 'TRUNCATED'],
      [chunked, 'TRUNCATED'],
    ] as const) {
      await expect(
        client.download({ method: 'GET', url }, join(root, 'blob'), { maxBytes: 1000 }),
      ).rejects.toMatchObject({ code });
    }
    expect(readdirSync(root)).toEqual([]);
  });

  it('answers the capped body of any other status, and makes no file', async ({ onTestFinished }) => {
    const path = join(temporaryDirectory(onTestFinished), 'blob');
    const url = await serve(onTestFinished, (_, response) => response.writeHead(404).end(content));

    const result = await client.download({ method: 'GET', url }, path, { maxBytes: 10 });

    expect(result.status).toBe(404);
    expect(result.errorBody).toHaveLength(65_536);
    expect(existsSync(path)).toBe(false);
  });

  it('removes the file of a discarded download before it says so', async ({ onTestFinished }) => {
    const path = join(temporaryDirectory(onTestFinished), 'blob');
    const url = await serve(onTestFinished, (_, response) => void response.write(content));
    let started = () => undefined as void;
    const running = new Promise<void>((done) => (started = done));
    const answer = client.download({ method: 'GET', url }, path, {
      maxBytes: 10 ** 9,
      onProgress: () => started(),
    });
    await running;
    const discarded = new Promise<boolean>((done) => answer.onDiscarded(() => done(existsSync(path))));

    answer.discard();

    expect(await discarded).toBe(false);
  });

  it('continues where a transfer broke off, and hashes the whole', async ({ onTestFinished }) => {
    const path = join(temporaryDirectory(onTestFinished), 'blob');
    let breakOff = (): unknown => undefined;
    const url = await serve(onTestFinished, (request, response) => {
      const from = Number(/bytes=(\d+)-/.exec(request.headers.range ?? '')?.[1] ?? 0);
      if (from === 0) {
        response.writeHead(200, { 'content-length': content.length });
        response.write(content.subarray(0, 100_000));
        breakOff = () => response.destroy();
        return;
      }
      const range = `bytes ${from}-${content.length - 1}/${content.length}`;
      response.writeHead(206, { 'content-range': range }).end(content.subarray(from));
    });
    const request = { method: 'GET', url } as const;

    await expect(
      client.download(request, path, { maxBytes: content.length, resumeFrom: 0, onProgress: () => void breakOff() }),
    ).rejects.toMatchObject({ code: 'TRUNCATED' });
    const received = readFileSync(path).length;
    const result = await client.download(request, path, { maxBytes: content.length, resumeFrom: received });

    expect(received).toBeGreaterThan(0);
    expect(result).toMatchObject({ status: 206, sha256: sha256(content), sizeBytes: content.length });
    expect(content.equals(readFileSync(path))).toBe(true);
  });

  it('starts anew when the server sends all, and refuses a part from elsewhere', async ({
    onTestFinished,
  }) => {
    const path = join(temporaryDirectory(onTestFinished), 'blob');
    writeFileSync(path, 'old and longer than what comes');
    const whole = await serve(onTestFinished, (_, response) => response.end('whole'));
    const wrong = await serve(onTestFinished, (_, response) =>
      response.writeHead(206, { 'content-range': 'bytes 1-4/5' }).end('hole'),
    );

    await expect(
      client.download({ method: 'GET', url: wrong }, path, { maxBytes: 100, resumeFrom: 3 }),
    ).rejects.toMatchObject({ code: 'INVALID_RESPONSE' });
    expect(
      await client.download({ method: 'GET', url: whole }, path, { maxBytes: 100, resumeFrom: 3 }),
    ).toMatchObject({ sizeBytes: 5 });
    expect(readFileSync(path, 'utf8')).toBe('whole');
  });
});

describe('HttpClient over a unix socket', () => {
  it('reaches the server of the socket whatever the address says, and names the socket in failures', async ({ onTestFinished }) => {
    const socketPath = join(temporaryDirectory(onTestFinished), 's');
    const server = createServer((request, response) => response.end(`${request.method} ${request.url}`)).listen(socketPath);
    onTestFinished(() => void server.close());
    await once(server, 'listening');

    const request = { method: 'DELETE', url: 'http://engine/x?y=1', socketPath } as const;
    expect(text((await client.request(request)).body)).toBe('DELETE /x?y=1');
    await expect(client.request({ ...request, socketPath: '/nowhere' }).toPromise()).rejects.toMatchObject({
      code: 'CONNECTION_FAILED',
      message: expect.stringMatching(/^DELETE \/x at \/nowhere: /),
    });
  });
});

describe('HttpClient.stream', () => {
  it('hands on each piece, and reads no more before it was taken', async ({ onTestFinished }) => {
    const piece = Buffer.alloc(65_536, 'x');
    let written = 0;
    const url = await serve(onTestFinished, (_, response) => {
      const more = (): void => {
        while (written < 1000 && response.write(piece)) written += 1;
        written += 1;
        if (written < 1000) response.once('drain', more);
        else response.end();
      };
      more();
    });
    let received = 0;
    let atFirst = 0;
    const gate = new Deferred<void>();
    const whole = client.stream(
      { method: 'GET', url },
      {
        onChunk: (chunk) => {
          received += chunk.length;
          if (atFirst > 0) return undefined;
          atFirst = chunk.length;
          return gate.future;
        },
      },
    );
    // As far as it comes before somebody takes the first piece: what the sockets hold.
    for (let before = -1, quiet = 0; quiet < 50; before = written) {
      await new Promise((resolve) => setImmediate(resolve));
      quiet = written > 0 && written === before ? quiet + 1 : 0;
    }
    expect(received).toBe(atFirst);
    expect(written).toBeLessThan(900);
    gate.set(undefined);
    expect(await whole).toMatchObject({ status: 200 });
    expect(received).toBeGreaterThan(900 * piece.length);
  });

  it('answers what is said instead of the body, and fails with what a taker fails with', async ({ onTestFinished }) => {
    const url = await serve(onTestFinished, (request, response) =>
      request.url === '/no' ? response.writeHead(404).end('gone') : response.end('body'),
    );
    const refused = await client.stream({ method: 'GET', url: `${url}/no` }, { onChunk: () => expect.fail('a chunk') });
    expect([refused.status, text(refused.errorBody!)]).toEqual([404, 'gone']);
    const failing = client.stream({ method: 'GET', url }, { onChunk: () => Future.failed(new Error('full')) });
    await expect(failing.toPromise()).rejects.toThrow('full');
  });

  it('waits for ever where that is asked for, and is closed by a discard', async ({ onTestFinished }) => {
    let closed!: () => void;
    const gone = new Promise<void>((resolve) => (closed = resolve));
    const url = await serve(onTestFinished, (_, response) => {
      response.writeHead(200).write('first');
      response.once('close', closed);
    });
    const impatient = new HttpClient({ idleTimeoutMs: 20 });
    const begun = new Deferred<void>();
    const stream = impatient.stream({ method: 'GET', url, idleTimeoutMs: 0 }, { onChunk: () => void begun.set(undefined) });
    await begun.future;
    await expect(impatient.request({ method: 'GET', url }).toPromise()).rejects.toMatchObject({ code: 'IDLE_TIMEOUT' });
    expect(stream.isPending()).toBe(true);
    stream.discard();
    await gone;
  });
});
