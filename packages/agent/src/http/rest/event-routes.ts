import type { ServerResponse } from 'node:http';
import type { MissedEvents, NumberedEvent } from '../../event-log.js';
import { optional, shape } from '../../schema/composed-schema.js';
import { text } from '../../schema/schema.js';
import { requireAccepted } from '../accept.js';
import type { HttpCall, Route } from '../route.js';
import { route } from '../route.js';
import type { RestContext } from './rest-context.js';

/** How long a client waits before it connects anew. */
const retryMs = 2_000;

/** `/v1/events`: server-sent events (WHATWG HTML, 9.2). */
export function eventRoutes({ agent, streams, openStreams }: RestContext): readonly Route[] {
  return [
    route({
      method: 'GET',
      path: '/v1/events',
      summary: 'What happens, as server-sent events. `Last-Event-ID` takes up where a stream was lost.',
      query: shape({
        lastEventId: optional(
          text({ description: 'Instead of the header, for who cannot set one.', maxLength: 100 }),
        ),
      }),
      answers: {
        200: {
          description: 'Events by their type, with an id; `MISSED` where some are no longer known.',
          type: 'text/event-stream',
        },
      },
      handle(call: HttpCall<{ readonly lastEventId?: string }>) {
        requireAccepted(call.request, 'text/event-stream');
        openStreams.enter(call.response);
        const header = call.request.headers['last-event-id'];
        const last = call.query.lastEventId ?? (typeof header === 'string' ? header : undefined);
        call.watch();
        const { response, gone } = call;
        response.writeHead(200, { 'content-type': 'text/event-stream', 'x-accel-buffering': 'no' });
        const write = boundedWriter(response, streams.maxStreamBytes);
        write(`retry: ${retryMs}\n\n`);
        const heartbeat = setInterval(() => write(': alive\n\n'), streams.heartbeatMs);
        const subscription = agent.eventsAfter(last).subscribe({
          next: (each) => write(frameOf(each)),
          complete: () => response.end(),
        });
        const stop = (): void => {
          clearInterval(heartbeat);
          subscription.unsubscribe();
        };
        if (gone.aborted) stop();
        else gone.addEventListener('abort', stop, { once: true });
      },
    }),
  ];
}

function frameOf(each: NumberedEvent | MissedEvents): string {
  if ('missed' in each) return 'event: MISSED\ndata: {}\n\n';
  // JSON has no line breaks of its own, so one data line holds it.
  return `id: ${each.id}\nevent: ${each.event.type}\ndata: ${JSON.stringify(each.event)}\n\n`;
}

/** A reader that takes less than it is sent loses its stream; it can take it up again by the id it had last. */
function boundedWriter(response: ServerResponse, maxBytes: number): (text: string) => void {
  return (text) => {
    if (response.destroyed || response.writableEnded) return;
    response.write(text);
    if (response.writableLength > maxBytes) response.destroy();
  };
}
