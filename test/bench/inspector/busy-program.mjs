/** A program with 1,000 processes that serve 5,000 events a second, with an inspector; a child of the bench. */
import { createKeelsonInspector } from '@keelson/inspector';
import { Process, ReadWriteLock, Runtime } from '@keelson/process';

const runtime = new Runtime();
const inspector = createKeelsonInspector({ title: 'a busy program', picture: () => Promise.resolve(store()) });
inspector.watch(runtime);
const lock = new ReadWriteLock({ name: 'shared', runtime });

/** A store of 200 images on 600 layers, and 100 containers; every picture of it is another. */
function store() {
  drawn += 1;
  const layers = Array.from({ length: 600 }, (_, n) => ({
    id: `${n}`.padStart(12, 'c0ffee'),
    sizeBytes: 1_000_000 * (1 + ((n + drawn) % 50)),
    kept: (n + drawn) % 3 ? ['used by container web'] : [],
  }));
  const images = Array.from({ length: 200 }, (_, n) => ({
    reference: `registry.test/image-${n}:1`,
    digest: `sha256:${n}`,
    sizeBytes: 100_000_000,
    uniqueBytes: 1_000_000 * ((n + drawn) % 50),
    pinned: n % 10 === 0,
    layers: [layers[0].id, layers[n * 3].id, layers[n * 3 + 1].id, layers[n * 3 + 2].id],
    kept: n % 2 ? ['used by container web'] : [],
  }));
  const containers = Array.from({ length: 100 }, (_, n) => ({
    id: `container-${n}`,
    state: (n + drawn) % 7 ? 'RUNNING' : 'DESTROYING',
    image: images[n * 2].reference,
    layers: images[n * 2].layers,
  }));
  const plan = { images: images.filter((_, n) => n % 2 === 0).map(({ reference }) => reference), layers: [], bytes: 5 };
  return { at: new Date().toISOString(), containers, images, layers, trash: [], plan };
}
let drawn = 0;

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
