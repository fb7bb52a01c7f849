/** A program with 1,000 processes that serve 5,000 events a second, with an inspector; a child of the bench. */
import { createKeelsonInspector } from '@keelson/inspector';
import { Process, ReadWriteLock, Runtime } from '@keelson/process';

const runtime = new Runtime();
const inspector = createKeelsonInspector({ title: 'a busy program' });
inspector.watch(runtime);
const lock = new ReadWriteLock({ name: 'shared', runtime });

class Worker extends Process {
  #next;
  follow(next) {
    this.#next = next;
  }
  hop(left) {
    if (left > 0) void this.#next.hop(left - 1);
  }
  lease() {
    return lock.withRead(() => undefined);
  }
}

const workers = Array.from({ length: 1_000 }, () => runtime.spawn(new Worker('worker')));
workers.forEach((worker, n) => worker.follow(workers[(n + 1) % workers.length]));
let at = 0;
let owed = 0;
let last = performance.now();
setInterval(() => {
  const now = performance.now();
  owed += (now - last) * 5;
  last = now;
  for (; owed >= 10; owed -= 10) void workers[(at = (at + 7) % 1_000)].hop(9);
  if (at % 4 === 0) void workers[at].lease();
}, 20);
const { url } = await inspector.listen();
process.on('message', () => {
  globalThis.gc();
  const { rss, heapUsed } = process.memoryUsage();
  process.send({ rss, heapUsed, events: runtime.counters().events });
});
process.send(url);
