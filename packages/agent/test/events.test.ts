import type { IncomingMessage } from 'node:http';
import { request } from 'node:http';
import { join } from 'node:path';
import type { ServedAgent } from '@keelson/agent/server';
import { finalize } from 'rxjs';
import { describe, expect, it } from 'vitest';
import { EventLog } from '../src/event-log.js';
import { AgentServer } from '../src/http/agent-server.js';
import { OpenStreams } from '../src/http/open-streams.js';
import { eventRoutes } from '../src/http/rest/event-routes.js';
import type { RestContext } from '../src/http/rest/rest-context.js';
import { openAccess } from '../src/security/access.js';
import { writeLayout } from './support/oci-layout.js';
import { ask, useServing } from './support/serving.js';

const serving = useServing();

interface Frame {
  readonly id?: string;
  readonly event?: string;
  readonly data?: any;
  readonly comment?: string;
}

/** A stream of events, as a browser would read it. */
class EventStream {
  #text = '';
  readonly #frames: Frame[] = [];
  readonly ended: Promise<void>;

  private constructor(readonly response: IncomingMessage) {
    response.setEncoding('utf8').on('data', (chunk: string) => {
      const parts = (this.#text + chunk).split('\n\n');
      this.#text = parts.pop()!;
      this.#frames.push(...parts.map(frameOf));
    });
    this.ended = new Promise((resolve) => response.once('close', () => resolve()));
  }

  static open({ socket }: Pick<ServedAgent, 'socket'>, headers: Record<string, string> = {}): Promise<EventStream> {
    return new Promise((resolve, reject) => {
      request({ socketPath: socket, path: '/v1/events', headers, agent: false }, (response) =>
        resolve(new EventStream(response)),
      )
        .on('error', reject)
        .end();
    });
  }

  /** The next frame that `wanted` takes, those before it are dropped. */
  async next(wanted: (frame: Frame) => boolean): Promise<Frame> {
    for (;;) {
      const frame = this.#frames.shift();
      if (frame && wanted(frame)) return frame;
      if (!frame) await new Promise(setImmediate);
    }
  }

  close(): void {
    this.response.destroy();
  }
}

function frameOf(text: string): Frame {
  const lines = text.split('\n').map((line) => /^([a-z]*):? ?(.*)$/.exec(line)!.slice(1) as [string, string]);
  const fields = Object.fromEntries(lines.map(([name, value]) => [name === '' ? 'comment' : name, value]));
  return { ...fields, ...(fields['data'] !== undefined && { data: JSON.parse(fields['data']) }) };
}

const isEvent = ({ event }: Frame): boolean => event !== undefined;

describe('a stream of events', () => {
  it('tells what happens, can be taken up where it was lost, and ends with the agent', async () => {
    const served = await serving.serve();
    const layout = writeLayout(join(serving.folder, 'layout'), ['left', 'right']);
    const stream = await EventStream.open(served);
    expect(stream.response.headers['content-type']).toBe('text/event-stream');
    const left = await served.agent.pull(layout('left'));
    const first = await stream.next(isEvent);
    expect(first).toMatchObject({
      event: 'IMAGE_PULLED',
      data: { type: 'IMAGE_PULLED', reference: left.reference, at: expect.stringMatching(/Z$/) },
    });
    stream.close();
    await served.agent.pull(layout('right'));
    await served.agent.pruneImages();

    const again = await EventStream.open(served, { 'last-event-id': first.id! });
    expect((await again.next(isEvent)).data.reference).toContain('right');
    expect((await again.next(isEvent)).event).toBe('IMAGES_PRUNED');
    await served.close();
    await again.ended;
  });

  it('says that something is missing where it does not know the last id any more', async () => {
    const served = await serving.serve();
    const stream = await EventStream.open(served, { 'last-event-id': 'of another life' });
    expect((await stream.next(isEvent)).event).toBe('MISSED');
    expect((await stream.next(isEvent)).event).toBe('STARTED');
    stream.close();
  });

  it('is never silent for long', async () => {
    const served = await serving.serve({ heartbeatMs: 100 });
    const stream = await EventStream.open(served);
    expect(await stream.next(({ comment }) => comment !== undefined)).toEqual({ comment: 'alive' });
    stream.close();
  });

  it('is lost by a reader that does not read, and the others keep theirs', async () => {
    const log = new EventLog();
    const lost: string[] = [];
    const eventsAfter = (id?: string) => log.after(id).pipe(finalize(() => lost.push(id!)));
    const agent = { state: 'RUNNING' as const, eventsAfter };
    const streams = { maxStreamBytes: 64 * 1024, heartbeatMs: 60_000 };
    const openStreams = new OpenStreams(2);
    const routes = eventRoutes({ agent, streams, openStreams } as unknown as RestContext);
    const limits = { requestTimeoutMs: 1000, maxBodyBytes: 4096, maxConnections: 4 };
    const server = new AgentServer({ agent, routes, access: openAccess({}, serving.folder), limits });
    const socket = join(serving.folder, 'agent.sock');
    await server.listen(socket);
    const slow = await EventStream.open({ socket }, { 'last-event-id': 'slow' });
    slow.response.pause();
    const quick = await EventStream.open({ socket }, { 'last-event-id': 'quick' });

    // The kernel takes some of it before the agent has to keep any.
    for (let told = 0; lost.length === 0; told += 1) {
      log.tell({ type: 'STARTED', root: `/${'x'.repeat(1000)}/${told}` });
      const seen = await quick.next(({ event }) => event === 'STARTED');
      expect(seen.data.root).toMatch(new RegExp(`/${told}$`));
    }
    expect(lost).toEqual(['slow']);
    slow.close();
    quick.close();
    await server.close(1000);
  });

  it('is refused when there are too many, or something else is wanted', async () => {
    const served = await serving.serve({ maxStreams: 1 });
    const stream = await EventStream.open(served);
    const path = '/v1/events';
    expect((await ask(served, { path })).status).toBe(503);
    expect((await ask(served, { path, headers: { accept: 'text/html' } })).status).toBe(406);
    stream.close();
    await stream.ended;
    let next = await EventStream.open(served);
    while (next.response.statusCode === 503) next = await EventStream.open(served);
    next.close();
  });
});

describe('the log of events', () => {
  it('remembers the last 1,024, and says where there were more', () => {
    const log = new EventLog();
    const ids: string[] = [];
    log.after().subscribe((each) => 'id' in each && ids.push(each.id));
    for (let told = 0; told < 1030; told += 1) log.tell({ type: 'STARTED', root: String(told) });
    const after = (id: string) => {
      const seen: unknown[] = [];
      log.after(id).subscribe((each) => seen.push('missed' in each ? 'missed' : each.id)).unsubscribe();
      return seen;
    };
    expect(new Set(ids).size).toBe(1030);
    expect(after(ids.at(-1)!)).toEqual([]);
    expect(after(ids.at(-3)!)).toEqual(ids.slice(-2));
    expect(after(ids[6]!)).toEqual(ids.slice(7));
    expect(after(ids[0]!)).toEqual(['missed', ...ids.slice(6)]);
  });

  it('completes with the agent, for who comes later, too', () => {
    const log = new EventLog();
    let completed = 0;
    log.after().subscribe({ complete: () => (completed += 1) });
    log.close({ type: 'STOPPED', reason: null });
    log.after('nothing').subscribe({ complete: () => (completed += 1) });
    log.tell({ type: 'STARTED', root: '/' });
    expect(completed).toBe(2);
  });
});
