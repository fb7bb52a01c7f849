import { dispatch, type Future, type PID, Process, Runtime, RuntimeError, VirtualClock } from '@keelson/process';
import { describe, expect, it } from 'vitest';
import { virtualRuntime } from './virtual-runtime.js';

class Recorder extends Process<Recorder> {
  readonly log: string[] = [];
  constructor(id = 'recorder') {
    super(id);
  }
  note(text: string): void {
    this.log.push(text);
  }
  answer(n: number): number {
    return n;
  }
  protected override finalize(): void {
    this.log.push('finalize');
  }
}

class Watcher extends Process<Watcher> {
  readonly seen: string[] = [];
  watch(pid: PID<unknown>): void {
    this.link(pid);
  }
  protected override exited(pid: PID<unknown>): void {
    this.seen.push(pid.id);
  }
}

describe('processes: what no upstream test pins', () => {
  it('U08 terminate without inject serves what was queued before it', () => {
    const { runtime } = virtualRuntime();
    const process = new Recorder();
    const pid = runtime.spawn(process);
    pid.note('before');
    runtime.terminate(pid, { inject: false });
    const after = pid.note('after');
    runtime.settle();
    expect(process.log).toEqual(['before', 'finalize']);
    expect(after.isAbandoned()).toBe(true);
  });

  it('U08 terminate with inject, the default, jumps the queue and abandons it', () => {
    const { runtime } = virtualRuntime();
    const process = new Recorder();
    const pid = runtime.spawn(process);
    const before = pid.note('before');
    runtime.terminate(pid);
    runtime.settle();
    expect(process.log).toEqual(['finalize']);
    expect(before.isAbandoned()).toBe(true);
  });

  it('U08 a process that terminates itself still finishes its handler', () => {
    const { runtime } = virtualRuntime();
    const process = new Recorder();
    const pid = runtime.spawn(process);
    const running = dispatch(pid, (it) => {
      runtime.terminate(pid);
      it.note('rest of the handler');
      return 1;
    });
    const queued = pid.note('queued');
    runtime.settle();
    expect(process.log).toEqual(['rest of the handler', 'finalize']);
    expect(running.get()).toBe(1);
    expect(queued.isAbandoned()).toBe(true);
  });

  it('U08 a dispatch to self inside finalize is abandoned', () => {
    let late: Future<void> | undefined;
    class Last extends Process<Last> {
      protected override finalize(): void {
        late = this.self.ping();
      }
      ping(): void {}
    }
    const { runtime } = virtualRuntime();
    const pid = runtime.spawn(new Last('last'));
    runtime.terminate(pid);
    runtime.settle();
    expect(late?.isAbandoned()).toBe(true);
  });

  it('U09 what one sender sends to one receiver arrives in order, across kinds', () => {
    class Both extends Process<Both> {
      readonly log: string[] = [];
      protected override initialize(): void {
        this.install('message', (_from, body) => this.log.push(String(body)));
      }
      call(text: string): void {
        this.log.push(text);
      }
    }
    class Sender extends Process<Sender> {
      go(to: PID<Both>): void {
        void to.call('1');
        this.send(to, 'message', '2');
        void dispatch(to, (it) => it.call('3'));
        this.send(to, 'message', '4');
        void to.call('5');
      }
    }
    const { runtime } = virtualRuntime();
    const receiver = new Both('receiver');
    const to = runtime.spawn(receiver);
    void runtime.spawn(new Sender('sender')).go(to);
    runtime.settle();
    expect(receiver.log).toEqual(['1', '2', '3', '4', '5']);
  });

  it('U10 linking twice gives one event; the link is consumed by it', () => {
    const { runtime } = virtualRuntime();
    const target = runtime.spawn(new Recorder());
    const process = new Watcher('watcher');
    const watcher = runtime.spawn(process);
    watcher.watch(target);
    watcher.watch(target);
    runtime.settle();
    runtime.terminate(target);
    runtime.settle();
    expect(process.seen).toEqual([target.id]);
  });

  it('U11 a link to a process that is already gone tells at once, through the mailbox', () => {
    const { runtime } = virtualRuntime();
    const target = runtime.spawn(new Recorder());
    runtime.terminate(target);
    runtime.settle();
    const process = new Watcher('watcher');
    const watcher = runtime.spawn(process);
    watcher.watch(target);
    runtime.settle();
    expect(process.seen).toEqual([target.id]);
    watcher.watch(target);
    runtime.settle();
    expect(process.seen).toEqual([target.id, target.id]);
  });

  it('U12 a process linked to itself ends without harm', () => {
    const { runtime } = virtualRuntime();
    const watcher = runtime.spawn(new Watcher('watcher'));
    watcher.watch(watcher);
    runtime.settle();
    const ended = runtime.wait(watcher);
    runtime.terminate(watcher);
    runtime.settle();
    expect(ended.get()).toBe(true);
  });

  it('U13 spawn refuses a second process of one id, and a second spawn of one object', () => {
    const { runtime } = virtualRuntime();
    const process = new Recorder();
    runtime.spawn(process, { id: 'only' });
    expect(() => runtime.spawn(new Recorder(), { id: 'only' })).toThrowError(
      expect.objectContaining({ name: 'RuntimeError', code: 'DUPLICATE_ID' }),
    );
    expect(() => runtime.spawn(process)).toThrowError(expect.objectContaining({ code: 'ALREADY_SPAWNED' }));
  });

  it('U13 the object of a process that has ended cannot be spawned again; its id can be used again', () => {
    const { runtime } = virtualRuntime();
    const process = new Recorder();
    const pid = runtime.spawn(process, { id: 'only' });
    runtime.terminate(pid);
    runtime.settle();
    expect(() => runtime.spawn(process)).toThrowError(expect.objectContaining({ code: 'ALREADY_SPAWNED' }));
    expect(runtime.spawn(new Recorder(), { id: 'only' }).id).toBe('only');
  });

  it('U13 spawn refuses once the runtime is finalizing', () => {
    const { runtime } = virtualRuntime();
    void runtime.finalize();
    expect(() => runtime.spawn(new Recorder())).toThrowError(RuntimeError);
    expect(() => runtime.spawn(new Recorder())).toThrowError(expect.objectContaining({ code: 'FINALIZING' }));
  });

  it('U14 a timed wait answers false at its deadline and true before it', () => {
    const { runtime, clock } = virtualRuntime();
    const pid = runtime.spawn(new Recorder());
    const short = runtime.wait(pid, { timeoutMs: 10 });
    const long = runtime.wait(pid, { timeoutMs: 1000 });
    runtime.settle();
    clock.advance(10);
    runtime.settle();
    expect(short.get()).toBe(false);
    runtime.terminate(pid);
    runtime.settle();
    expect(long.get()).toBe(true);
  });

  it('U15 a dispatch to a process that is gone is abandoned when it returns', () => {
    const { runtime } = virtualRuntime();
    const pid = runtime.spawn(new Recorder());
    runtime.terminate(pid);
    runtime.settle();
    const answers = [pid.answer(1), dispatch(pid, 'answer', 1), dispatch(pid, (it) => it.answer(1))];
    expect(answers.map(String)).toEqual(['Abandoned', 'Abandoned', 'Abandoned']);
  });

  it('U22 finalize ends busy processes and drops their timers', () => {
    class Busy extends Process<Busy> {
      turns = 0;
      ended = false;
      spin(): void {
        this.turns += 1;
        void this.self.spin();
      }
      protected override finalize(): void {
        this.ended = true;
      }
    }
    const runtime = new Runtime({ clock: new VirtualClock() });
    const process = new Busy('busy');
    void runtime.spawn(process).spin();
    const done = runtime.finalize();
    runtime.settle();
    expect(process.ended).toBe(true);
    expect(done.isReady()).toBe(true);
    expect(runtime.processes()).toEqual([]);
  });
});

describe('clock: what no upstream test pins', () => {
  it('U16 cancel is true only for a timer that was really prevented', () => {
    const { clock } = virtualRuntime();
    const fired: string[] = [];
    const one = clock.timer(clock.now() + 10, () => fired.push('one'));
    const two = clock.timer(clock.now() + 10, () => fired.push('two'));
    expect(clock.cancel(one)).toBe(true);
    expect(clock.cancel(one)).toBe(false);
    clock.advance(10);
    expect(fired).toEqual(['two']);
    expect(clock.cancel(two)).toBe(false);
  });

  it('U16 a cancelled timer says no although another one stands at the same deadline', () => {
    const { clock } = virtualRuntime();
    const first = clock.timer(5, () => undefined);
    clock.advance(5);
    clock.timer(5, () => undefined);
    expect(clock.cancel(first)).toBe(false);
  });

  it('U17 the offset of advance ends with resume', () => {
    const clock = new VirtualClock();
    const hour = 3_600_000;
    const before = clock.now();
    clock.advance(hour);
    expect(clock.now() - before).toBe(hour);
    clock.resume();
    const resumed = clock.now();
    clock.pause();
    expect(Math.abs(resumed - before)).toBeLessThan(hour / 2);
  });
});
