/**
 * A client that sends at most two requests a second, whatever it is asked, and gives up on one that is too slow.
 *
 *     node docs/examples/process-rate-limited-client/main.mjs
 *
 * Time is a virtual clock, so eight seconds of traffic take no time at all and print the same lines on every machine.
 * Leave the clock out and the same client runs in real time.
 */
import { after, defer, Process, RateLimiter, Runtime, VirtualClock } from '@keelson/process';

class Client extends Process {
  #limiter;
  #server;

  constructor(limiter, server) {
    super('client');
    this.#limiter = limiter;
    this.#server = server;
  }

  /** Answers the page at `path`, in turn; fails when the server takes longer than a second. */
  get(path) {
    return this.#limiter.acquire().then(defer(this, this.#send, path));
  }

  #send(path) {
    return this.#server(path).after(1000, (reply) => {
      reply.discard();
      throw Object.assign(new Error(`${path} took too long`), { code: 'TIMED_OUT' });
    });
  }
}

const clock = new VirtualClock();
const runtime = new Runtime({ clock });
const log = (text) => console.log(`${String(clock.now()).padStart(4)} ms  ${text}`);

/** A server far away: 100 ms for a page, five seconds for the slow one. */
const server = (path) => {
  log(`GET ${path}`);
  return after(path === '/slow' ? 5000 : 100, { runtime }).then(() => `page ${path}`);
};

const client = runtime.spawn(new Client(new RateLimiter(2, 1000, { runtime }), server));

const pages = ['/a', '/b', '/slow', '/d', '/e'].map((path) => client.get(path));
for (const page of pages) page.onReady((text) => log(text)).onFailed((error) => log(error.message));

// Nobody wants /d any more: it gives up its turn, and /e moves up.
runtime.settle();
pages[3].discard();

clock.advance(8000);
console.log(pages.map(String).join(', '));
