import {
  collect,
  delay,
  Deferred,
  type PID,
  Process,
  type RuntimeOptions,
  Runtime,
  VirtualClock,
} from '@keelson/process';
import { describe, expect, it, vi } from 'vitest';
import { Calculator, Lifecycle } from './actors.js';
import { virtualRuntime } from './virtual-runtime.js';

class Watcher extends Process<Watcher> {
  readonly seen: string[] = [];
  readonly reasons: (Error | undefined)[] = [];
  constructor(private readonly targets: PID<unknown>[]) {
    super('watcher');
  }
  protected override initialize(): void {
    for (const target of this.targets) this.link(target);
  }
  protected override exited(pid: PID<unknown>, reason?: Error): void {
    this.seen.push(pid.id);
    this.reasons.push(reason);
  }
  watch(pid: PID<unknown>): void {
    this.link(pid);
  }
}

describe('messages', () => {
  class Receiver extends Process<Receiver> {
    readonly bodies: unknown[] = [];
    readonly senders: string[] = [];
    protected override initialize(): void {
      this.install('ping', (from, body) => {
        this.senders.push(from.id);
        this.bodies.push(body);
      });
    }
  }
  class Sender extends Process<Sender> {
    tell(to: PID<unknown>, name: string, body: unknown): void {
      this.send(to, name, body);
    }
  }
  class Front extends Process<Front> {
    constructor(private readonly behind: PID<unknown>) {
      super('front');
    }
    protected override initialize(): void {
      this.delegate('ping', this.behind);
    }
  }

  it('P07 reach the handler installed for their name, with their sender and body; others are ignored', () => {
    const { runtime } = virtualRuntime();
    const receiver = new Receiver('receiver');
    const to = runtime.spawn(receiver);
    const sender = runtime.spawn(new Sender('sender'));
    sender.tell(to, 'ping', { n: 1 });
    sender.tell(to, 'unknown', 2);
    runtime.settle();
    expect(receiver.bodies).toEqual([{ n: 1 }]);
    expect(receiver.senders).toEqual([sender.id]);
  });

  it('P12 are passed on to a delegate, which sees the first sender', () => {
    const { runtime } = virtualRuntime();
    const receiver = new Receiver('receiver');
    const front = runtime.spawn(new Front(runtime.spawn(receiver)));
    const sender = runtime.spawn(new Sender('sender'));
    sender.tell(front, 'ping', 'x');
    runtime.settle();
    expect(receiver.bodies).toEqual(['x']);
    expect(receiver.senders).toEqual([sender.id]);
  });
});

describe('delay and clocks', () => {
  it('P13 fires when its time has come, and not before', () => {
    const { runtime, clock } = virtualRuntime();
    const process = new Calculator('calculator');
    const pid = runtime.spawn(process);
    delay(5000, pid, 'note', 'fired');
    runtime.settle();
    clock.advance(4999);
    runtime.settle();
    expect(process.calls).toEqual([]);
    clock.advance(1);
    runtime.settle();
    expect(process.calls).toEqual(['fired']);
  });
});

describe('link', () => {
  it('P16 tells the linker once that the linkee has ended', () => {
    const { runtime } = virtualRuntime();
    const target = runtime.spawn(new Lifecycle());
    const watcher = new Watcher([target]);
    runtime.spawn(watcher);
    runtime.settle();
    expect(watcher.seen).toEqual([]);
    runtime.terminate(target);
    runtime.settle();
    expect(watcher.seen).toEqual([target.id]);
    expect(watcher.reasons).toEqual([undefined]);
  });
});

describe('settle', () => {
  it('P27 returns only when nested spawns, dispatches and timers that are due have all been served', () => {
    const log: string[] = [];
    class Inner extends Process<Inner> {
      protected override initialize(): void {
        log.push('inner initialized');
      }
      hello(): void {
        log.push('inner hello');
      }
    }
    class Outer extends Process<Outer> {
      constructor(private readonly runtime: Runtime) {
        super('outer');
      }
      protected override initialize(): void {
        delay(0, this.self, 'due');
      }
      due(): void {
        log.push('due');
        void this.self.nested();
      }
      nested(): void {
        log.push('nested');
        const inner = this.runtime.spawn(new Inner('inner'));
        void inner.hello();
      }
    }
    const { runtime } = virtualRuntime();
    runtime.spawn(new Outer(runtime));
    runtime.settle();
    expect(log).toEqual(['due', 'nested', 'inner initialized', 'inner hello']);
  });
});

describe('finalize', () => {
  it('P41 timers of a new runtime work after another on the same clock was finalized', () => {
    const clock = new VirtualClock();
    const options: RuntimeOptions = { clock };
    const first = new Runtime(options);
    first.spawn(new Calculator('calculator'));
    const ended = first.finalize();
    first.settle();
    expect(ended.isReady()).toBe(true);

    const second = new Runtime({ clock });
    const process = new Calculator('calculator');
    delay(10, second.spawn(process), 'note', 'fired');
    clock.advance(10);
    second.settle();
    expect(process.calls).toEqual(['fired']);
  });

  it('P40 an injected termination abandons what was queued, so that nobody waits for ever', () => {
    const { runtime } = virtualRuntime();
    const pid = runtime.spawn(new Calculator('calculator'));
    runtime.settle();
    const queued = pid.value(1);
    const gathered = collect([queued]).recover(() => [-1]);
    runtime.terminate(pid);
    runtime.settle();
    expect(queued.isAbandoned()).toBe(true);
    expect(gathered.get()).toEqual([-1]);
    expect(runtime.processes().map((process) => process.id)).not.toContain(pid.id);
  });
});

describe('mock functions', () => {
  it('P09 see the arguments and answer the futures a test chooses', () => {
    const { runtime } = virtualRuntime();
    const process = new Calculator('calculator');
    const answer = new Deferred<number>();
    const later = vi.spyOn(process, 'later').mockReturnValue(answer.future);
    const asked = runtime.spawn(process).later(9);
    runtime.settle();
    expect(later).toHaveBeenCalledWith(9);
    expect(asked.isPending()).toBe(true);
    answer.set(5);
    expect(asked.get()).toBe(5);
  });
});
