/**
 * Fibonacci the slow way: a process asks itself, and futures gather what comes back.
 *
 *     node docs/examples/process-fibonacci/main.mjs [n]
 *
 * No handler ever waits. `compute` answers a future of a sum whose parts do not exist yet; when the last part arrives
 * the sums complete one after the other, on the stack of whoever completed it.
 */
import { collect, Process, Runtime } from '@keelson/process';

class Fibonacci extends Process {
  requests = 0;

  constructor() {
    super('fibonacci');
  }

  /** Answers the n-th Fibonacci number: a value where it is known, a future where it must be worked out. */
  compute(n) {
    this.requests += 1;
    if (n < 2) return n;
    return collect([this.self.compute(n - 1), this.self.compute(n - 2)]).then(([a, b]) => a + b);
  }

  countRequests() {
    return this.requests;
  }
}

const n = Number(process.argv[2] ?? 15);
const runtime = new Runtime({});
const fibonacci = runtime.spawn(new Fibonacci());

// At the edge of the program a future can simply be awaited.
console.log(`fibonacci(${n}) = ${await fibonacci.compute(n)}`);
console.log(`answered in ${await fibonacci.countRequests()} requests, one at a time`);

await runtime.finalize();
