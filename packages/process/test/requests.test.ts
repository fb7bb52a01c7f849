import { defer, delay, dispatch, Future, post, Process } from '@keelson/process';
import type { PID, TraceRecord } from '@keelson/process';
import { describe, expect, it } from 'vitest';
import { virtualRuntime } from './virtual-runtime.js';

class Clerk extends Process<Clerk> {
  readonly served: string[] = [];
  file(paper: string): string {
    this.served.push(paper);
    return paper;
  }
  fail(): void {
    throw Object.assign(new Error('closed'), { code: 'CLOSED' });
  }
  again(times: number): void {
    this.served.push(`again ${times}`);
    if (times > 0) post(this.self, 'again', times - 1);
  }
}

/** Asks by a name that only a caller without types could use. */
const nameless = dispatch as unknown as (pid: object, method: string, ...args: unknown[]) => Future<unknown>;
const postNameless = post as unknown as (pid: object, method: string) => void;

describe('a request by a name the process does not have', () => {
  it.each(['initialize', 'finalize', 'exited', 'link', 'send', 'install', 'delegate', 'constructor', 'then', 'self'])(
    'is what %s of the base class is, overridden or not',
    (name) => {
      class Overrider extends Clerk {
        protected override initialize(): void {
          this.served.push('initialize');
        }
        protected override finalize(): void {
          this.served.push('finalize');
        }
      }
      const { runtime } = virtualRuntime();
      const process = new Overrider('clerk');
      const pid = runtime.spawn(process);
      const wrong = nameless(pid, name);
      postNameless(pid, name);
      const right = pid.file('letter');
      runtime.settle();
      expect(wrong.failure()).toMatchObject({ code: 'NO_SUCH_METHOD' });
      expect([right.get(), process.served]).toEqual(['letter', ['initialize', 'letter']]);
    },
  );

  it.each(['hasOwnProperty', 'valueOf', '__proto__', '_seal', 'served', 'id'])('is what %s is, which no PID offers', (name) => {
    class Sealer extends Clerk {
      _seal(): void {
        this.served.push('seal');
      }
    }
    const { runtime } = virtualRuntime();
    const process = new Sealer('clerk');
    const pid = runtime.spawn(process);
    const wrong = nameless(pid, name);
    const right = pid.file('letter');
    runtime.settle();
    expect(wrong.failure()).toMatchObject({ code: 'NO_SUCH_METHOD' });
    expect([right.get(), process.served]).toEqual(['letter', ['letter']]);
  });

  it('reaches a method of its own that every object has by another meaning', () => {
    class Printer extends Process<Printer> {
      toLocaleString(): string {
        return 'printed';
      }
    }
    const { runtime } = virtualRuntime();
    const printed = nameless(runtime.spawn(new Printer()), 'toLocaleString');
    runtime.settle();
    expect(printed.get()).toBe('printed');
  });

  it('fails alone, and names both', () => {
    const { runtime } = virtualRuntime();
    const pid = runtime.spawn(new Clerk('clerk'));
    const wrong = nameless(pid, 'shred', 'letter');
    const right = pid.file('letter');
    runtime.settle();

    expect(wrong.failure()).toMatchObject({ name: 'RuntimeError', code: 'NO_SUCH_METHOD' });
    expect(wrong.failure().message).toBe("Cannot ask clerk(1) for 'shred': it has no such method");
    expect(right.get()).toBe('letter');
    expect(runtime.counters().crashes).toBe(0);
  });

  it('is counted where nobody waits for it', () => {
    const { runtime, clock } = virtualRuntime();
    const pid = runtime.spawn(new Clerk());
    postNameless(pid, 'shred');
    (delay as unknown as (ms: number, pid: object, method: string) => void)(5, pid, 'burn');
    runtime.settle();
    clock.advance(5);

    const codes = runtime.failures.unobserved.errors.map((error) => (error as Error & { code: string }).code);
    expect(codes).toEqual(['NO_SUCH_METHOD', 'NO_SUCH_METHOD']);
    expect(runtime.processes().length).toBe(1);
  });

  it('fails of a stand-in too, without a throw', () => {
    const standIn = { id: 'fake', file: (paper: string) => Future.ready(paper) };
    expect(nameless(standIn, 'shred').failure()).toMatchObject({ code: 'NO_SUCH_METHOD' });
    expect(dispatch(standIn, 'file', 'letter').get()).toBe('letter');
  });
});

describe('a bounded mailbox', () => {
  it('refuses posts as well, counts them, and tells observers; what was accepted is served', () => {
    const { runtime } = virtualRuntime({ mailboxLimit: 2 });
    const records: TraceRecord[] = [];
    runtime.attach({ record: (trace) => void records.push(trace) });
    const clerk = new Clerk('clerk');
    const pid = runtime.spawn(clerk);
    for (const paper of ['a', 'b', 'c', 'd']) post(pid, 'file', paper);
    runtime.settle();

    expect(clerk.served).toEqual(['a', 'b']);
    expect(runtime.counters()).toMatchObject({ refused: 2, deadLetters: 0 });
    expect(runtime.failures.unobserved.count).toBe(2);
    expect(records.filter(({ kind }) => kind === 'dropped')).toMatchObject([{ why: 'full' }, { why: 'full' }]);
  });

  it('lets continuations, delays and the process itself in when it is full', () => {
    const { runtime, clock } = virtualRuntime({ mailboxLimit: 1 });
    const clerk = new Clerk('clerk');
    const pid = runtime.spawn(clerk);
    delay(1, pid, 'file', 'delayed');
    const first = pid.file('first');
    const continued = Future.ready('continued').then(defer(clerk, clerk.file));
    const refused = pid.file('refused');
    clock.advance(1);
    runtime.settle();
    pid.again(2);
    runtime.settle();

    expect(refused.failure()).toMatchObject({ code: 'MAILBOX_FULL' });
    expect([first.get(), continued.get()]).toEqual(['first', 'continued']);
    expect(clerk.served.toSorted()).toEqual(['again 0', 'again 1', 'again 2', 'continued', 'delayed', 'first']);
  });

  it('takes requests again once it has room', () => {
    const { runtime } = virtualRuntime({ mailboxLimit: 1 });
    const pid = runtime.spawn(new Clerk());
    pid.file('a');
    expect(pid.file('b').isFailed()).toBe(true);
    runtime.settle();
    const later = pid.file('c');
    runtime.settle();
    expect(later.get()).toBe('c');
  });
});

describe('dead letters', () => {
  it('are counted and told with their sender, cause and label, and their futures are abandoned', () => {
    const { runtime } = virtualRuntime();
    const records: TraceRecord[] = [];
    const pid: PID<Clerk> = runtime.spawn(new Clerk('clerk'));
    runtime.terminate(pid);
    runtime.settle();
    const detach = runtime.attach({ record: (trace) => void records.push(trace) });
    const late = pid.file('late');
    post(pid, 'file', 'later');
    detach();
    pid.file('unseen');

    expect([late.isPending(), late.isAbandoned()]).toEqual([true, true]);
    expect(runtime.counters().deadLetters).toBe(3);
    expect(records).toMatchObject([
      { kind: 'dropped', process: 'clerk(1)', label: 'file', why: 'dead' },
      { kind: 'dropped', process: 'clerk(1)', label: 'file', why: 'dead' },
    ]);
  });
});

describe('unobserved failures', () => {
  it('are listed until somebody looks, and a coded failure that is looked at is none', () => {
    const { runtime } = virtualRuntime();
    const pid = runtime.spawn(new Clerk());
    const unheard = pid.fail();
    pid.fail().onFailed(() => {});
    runtime.settle();

    expect(runtime.failures.unobserved.errors.map(({ message }) => message)).toEqual(['closed']);
    expect(unheard.failure().message).toBe('closed');
    expect(runtime.failures.unobserved.count).toBe(0);
  });

  it('are counted beyond those that are kept', () => {
    const { runtime } = virtualRuntime();
    const pid = runtime.spawn(new Clerk());
    for (let n = 0; n < 1000; n += 1) post(pid, 'fail');
    runtime.settle();

    const { count, errors } = runtime.failures.unobserved;
    expect(count).toBe(1000);
    expect(errors.length).toBeLessThan(1000);
  });
});
