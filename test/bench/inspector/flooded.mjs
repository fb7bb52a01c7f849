/** One contestant of the flood: a child process that serves a million dispatches on demand and tells its CPU time. */
import { createKeelsonInspector } from '@keelson/inspector';
import { Process, Runtime } from '@keelson/process';

class Counter extends Process {
  #count = 0;
  note(n) {
    this.#count += n;
    return this.#count;
  }
}

const runtime = new Runtime();
const inspector = createKeelsonInspector();
let url = '';
if (process.argv[2] !== 'bare') {
  inspector.watch(runtime);
  ({ url } = await inspector.listen());
}
const counter = runtime.spawn(new Counter('counter'));
process.on('message', async () => {
  const before = process.cpuUsage();
  // In waves, as requests come: the host's I/O has its turn between them.
  for (let wave = 0; wave < 20; wave += 1) {
    for (let n = 0; n < 25_000; n += 1) void counter.note(n);
    await counter.note(0);
    await new Promise((resolve) => setImmediate(resolve));
  }
  const { user, system } = process.cpuUsage(before);
  process.send((user + system) / 1_000);
});
// Alive as long as somebody may ask.
setInterval(() => {}, 60_000);
process.send(url);
