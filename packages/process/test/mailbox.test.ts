import { post, Process } from '@keelson/process';
import type { PID } from '@keelson/process';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { virtualRuntime } from './virtual-runtime.js';

class Recorder extends Process<Recorder> {
  readonly seen: string[] = [];
  note(text: string): void {
    this.seen.push(text);
  }
  both(a: string, b: string): string {
    this.seen.push(a + b);
    return a + b;
  }
  nothing(...rest: unknown[]): number {
    return rest.length;
  }
}

class Sender extends Process<Sender> {
  constructor(
    private readonly to: PID<Recorder>,
    private readonly name: string,
  ) {
    super('sender');
  }
  burst(from: number, count: number): void {
    for (let n = from; n < from + count; n += 1) post(this.to, 'note', `${this.name}${n}`);
  }
}

describe('mailbox', () => {
  it('keeps the order of every sender, whatever they send in between', () => {
    fc.assert(
      fc.property(fc.array(fc.record({ sender: fc.nat(2), count: fc.integer({ min: 1, max: 400 }) })), (bursts) => {
        const { runtime } = virtualRuntime();
        const recorder = new Recorder();
        const to = runtime.spawn(recorder);
        const senders = ['a', 'b', 'c'].map((name) => runtime.spawn(new Sender(to, name)));
        const sent = [0, 0, 0];

        for (const { sender, count } of bursts) {
          post(senders[sender]!, 'burst', sent[sender]!, count);
          sent[sender]! += count;
        }
        runtime.settle();

        for (const [index, name] of ['a', 'b', 'c'].entries()) {
          const own = recorder.seen.filter((text) => text.startsWith(name));
          expect(own).toEqual(Array.from({ length: sent[index]! }, (_, n) => `${name}${n}`));
        }
      }),
      { numRuns: 50 },
    );
  });

  it('holds a hundred thousand events and serves each once, in order', () => {
    const { runtime } = virtualRuntime();
    const recorder = new Recorder();
    const pid = runtime.spawn(recorder);
    for (let n = 0; n < 100_000; n += 1) post(pid, 'note', String(n));

    expect(runtime.processes()).toEqual([{ id: '(1)', state: 'bottom', mailboxDepth: 100_000 }]);
    runtime.settle();

    expect(recorder.seen.length).toBe(100_000);
    expect(recorder.seen.every((text, n) => text === String(n))).toBe(true);
    expect(runtime.processes()).toEqual([{ id: '(1)', state: 'blocked', mailboxDepth: 0 }]);
  });

  it('passes any number of arguments, an array and undefined among them', () => {
    const { runtime } = virtualRuntime();
    const pid = runtime.spawn(new Recorder());
    const answers = [pid.nothing(), pid.nothing(undefined), pid.nothing([1, 2]), pid.nothing(1, 2, 3)];
    const both = pid.both('a', 'b');

    runtime.settle();

    expect(answers.map((answer) => answer.get())).toEqual([0, 1, 1, 3]);
    expect(both.get()).toBe('ab');
  });

  it('refuses requests from outside beyond its limit, and never continuations or the process itself', () => {
    const { runtime } = virtualRuntime({ mailboxLimit: 2 });
    const pid = runtime.spawn(new Recorder('recorder'));
    const asked = [pid.both('1', ''), pid.both('2', ''), pid.both('3', '')];

    expect(asked[2]!.failure()).toMatchObject({ code: 'MAILBOX_FULL' });
    expect(asked[2]!.failure().message).toContain("recorder(1) refused 'both'");
    expect(runtime.counters().refused).toBe(1);
    runtime.terminate(pid, { inject: false });
    runtime.settle();
    expect(asked.map(String)).toEqual(['Ready', 'Ready', asked[2]!.toString()]);
    expect(runtime.processes()).toEqual([]);
  });
});
