/**
 * The floods: a child process that serves half a million dispatches on demand, on a runtime that nobody watches or on one
 * that an inspector does, and tells the CPU time. Both live in one process, for two processes of one program differ by
 * more than what is to be measured, as long as they live.
 */
import { setTimeout as pause } from 'node:timers/promises';
import { createKeelsonInspector } from '@keelson/inspector';
import { Process, Runtime } from '@keelson/process';

class Counter extends Process {
  #count = 0;
  note(n) {
    this.#count += n;
    return this.#count;
  }
}

const inspector = createKeelsonInspector();
const watched = new Runtime();
inspector.watch(watched);
const counters = {
  bare: new Runtime().spawn(new Counter('counter')),
  watched: watched.spawn(new Counter('counter')),
};
const { url } = await inspector.listen();
process.on('message', async (name) => {
  const counter = counters[name];
  const before = process.cpuUsage();
  // In waves, as requests come: the host's I/O has its turn between them.
  for (let wave = 0; wave < 20; wave += 1) {
    for (let n = 0; n < 25_000; n += 1) void counter.note(n);
    await counter.note(0);
    await new Promise((resolve) => setImmediate(resolve));
  }
  // What is still to be sent to who looks belongs to this slice.
  await pause(120);
  const { user, system } = process.cpuUsage(before);
  process.send((user + system) / 1_000);
});
// Alive as long as somebody may ask.
setInterval(() => {}, 60_000);
process.send(url);
