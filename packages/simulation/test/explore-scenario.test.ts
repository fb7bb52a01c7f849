import type { Dispatcher, ReadyItem } from '@keelson/process';
import { defer, Process } from '@keelson/process';
import type { Scenario, SimulationContext } from '@keelson/simulation';
import {
  DecisionVector,
  exploreScenario,
  FairDispatcher,
  independentByProcess,
  machineFootprint,
  runPlan,
  SimulatedDisk,
  SimulatedFiles,
} from '@keelson/simulation';
import { describe, expect, it } from 'vitest';
import { fixedStore, racyStore } from './support/tiny-store-scenarios.js';

const justItsTrace = () => [];

/** Two pairs of processes: each client asks its own cell twice; nothing is shared between the pairs. */
class Cell extends Process<Cell> {
  readonly log: string[] = [];
  note(who: string): void {
    this.log.push(who);
  }
}
class Client extends Process<Client> {
  constructor(
    id: string,
    private readonly cell: { note(who: string): unknown },
  ) {
    super(id);
  }
  work(): void {
    this.cell.note(`${this.self.id} first`);
    this.self.more();
  }
  more(): void {
    this.cell.note(`${this.self.id} second`);
  }
}

function pairs(shared: boolean, outcomes: Set<string>): Scenario<undefined> {
  const run = (context: SimulationContext<undefined>): void => {
    const runtime = context.runtime();
    const cells = [new Cell('left'), new Cell('right')];
    const pids = cells.map((cell) => runtime.spawn(cell));
    const clients = ['a', 'b'].map((id, index) => runtime.spawn(new Client(id, pids[shared ? 0 : index]!)));
    runtime.settle();
    for (const client of clients) void client.work();
    context.settle();
    outcomes.add(JSON.stringify(cells.map(({ log }) => log)));
  };
  return { name: 'pairs', module: import.meta.url, run };
}

/** Two writers of one file each, in these folders. */
function writers(folders: readonly string[]): Scenario<undefined> {
  const run = (context: SimulationContext<undefined>): void => {
    const runtime = context.runtime();
    const disk = new SimulatedDisk();
    for (const name of new Set(folders)) disk.create(1, name, { kind: 'directory', entries: new Map(), mode: 0o700 });
    const schedule = (label: string, act: () => void): void => runtime.offer({ kind: 'completion', label, run: act });
    const files = new SimulatedFiles({ disk, schedule });
    folders.forEach((folder, index) => {
      void context.watch(folder, files.appendDurably(`/${folder}/file-${index}`, new Uint8Array(1)));
    });
    context.settle();
  };
  return { name: 'writers', module: import.meta.url, run };
}

describe('machineFootprint', () => {
  const explore = (folders: readonly string[]): number => {
    const found = exploreScenario(writers(folders), { input: undefined, reduce: machineFootprint });
    expect(found.complete).toBe(true);
    return found.runs - found.pruned;
  };

  it('leaves out orders that only swap calls in folders of their own', () => {
    const all = exploreScenario(writers(['a', 'b']), { input: undefined });
    expect(all.runs).toBeGreaterThan(10);
    expect(explore(['a', 'b'])).toBe(1);
  });

  it('keeps the orders of calls that meet in one folder', () => {
    expect(explore(['a', 'a'])).toBeGreaterThan(1);
  });

  it.each([
    ['read /a/b', ['/a/b']],
    ['rename /a/b to /c/d', ['/a', '/c']],
    ['os.remove-tree remove x with /gc/one', ['/gc', 'executor slots']],
    ['syncfs /a', undefined],
    ['GET /v2/app/manifests/latest', undefined],
  ])('tells what %s touches', (label, touched) => {
    expect(machineFootprint({ kind: 'completion', label, cause: 0 })).toEqual(touched);
  });
});

describe('exploreScenario', () => {
  it('finds the planted race, and a vector that repeats it', () => {
    const { failure } = exploreScenario(racyStore, { input: ['prune', 'get'] });
    const plan = { order: failure?.vector ?? [], input: ['prune', 'get'] as const };
    expect(runPlan(racyStore, plan).error?.message).toContain('its layer is gone');
  });

  it('proves the fixed store for three requests, in fewer runs when it reduces', () => {
    const whole = exploreScenario(fixedStore, { input: ['prune', 'get', 'prune'] });
    const reduced = exploreScenario(fixedStore, { input: ['prune', 'get', 'prune'], reduce: justItsTrace });
    expect(whole).toMatchObject({ complete: true, cut: 0 });
    expect(reduced).toMatchObject({ complete: true, cut: 0 });
    expect(reduced.runs).toBeLessThan(whole.runs / 2);
  });

  it('still finds the race when it reduces', () => {
    const { failure } = exploreScenario(racyStore, { input: ['prune', 'get', 'prune'], reduce: justItsTrace });
    expect(failure?.error.message).toContain('its layer is gone');
  });

  it.each([false, true])('reaches every outcome although it leaves orders out (shared cell: %s)', (shared) => {
    const [all, some] = [new Set<string>(), new Set<string>()];
    const whole = exploreScenario(pairs(shared, all), { input: undefined });
    const reduced = exploreScenario(pairs(shared, some), { input: undefined, reduce: true });
    expect(some).toEqual(all);
    expect(all.size).toBe(shared ? 6 : 1);
    expect(reduced.runs - reduced.pruned).toBeLessThan(whole.runs);
  });

  it('cuts every order short where the power goes, and does not swap steps then', () => {
    const input = ['prune', 'get'] as const;
    const crash = { step: 3, fates: [] };
    const cut = exploreScenario(fixedStore, { input, crash });
    expect(cut.complete).toBe(true);
    expect(cut.runs).toBeLessThan(exploreScenario(fixedStore, { input }).runs);
    expect(() => exploreScenario(fixedStore, { input, crash, reduce: true })).toThrow(RangeError);
  });

  it('takes every completion to touch everything unless it is told otherwise', () => {
    const careful = exploreScenario(fixedStore, { input: ['prune', 'get'], reduce: true });
    const trusting = exploreScenario(fixedStore, { input: ['prune', 'get'], reduce: justItsTrace });
    expect(trusting.runs).toBeLessThan(careful.runs);
  });
});

describe('independentByProcess', () => {
  const item = (process: string | undefined, kind: ReadyItem['kind'] = 'event'): ReadyItem =>
    process === undefined ? { kind, label: 'x', cause: 0 } : { kind, process, label: 'x', cause: 0 };
  const reaches = (process: string) => ({ client: ['store'], admin: ['store'], sweeper: [] })[process] ?? [];

  it('holds for handlers that reach nothing in common, and for nothing else', () => {
    const independent = independentByProcess(reaches);
    expect(independent(item('client'), item('sweeper'))).toBe(true);
    expect(independent(item('client'), item('admin'))).toBe(false);
    expect(independent(item('client'), item('store'))).toBe(false);
    expect(independent(item('client'), item('client'))).toBe(false);
    expect(independent(item('client'), item('sweeper', 'timer'))).toBe(false);
    expect(independent(item(undefined), item('sweeper'))).toBe(false);
  });
});

describe('FairDispatcher', () => {
  class Poller extends Process<Poller> {
    polls = 0;
    #done = false;
    poll(): void {
      this.polls += 1;
      if (!this.#done) void defer(this, () => this.poll())();
    }
    stop(): void {
      this.#done = true;
    }
  }
  /** Never lets anything from outside happen while a process has something to do. */
  const handlersFirst: Dispatcher = { next: (ready) => Math.max(0, ready.findLastIndex(({ kind }) => kind === 'event')) };

  it('ends a program that polls until another event, whatever the strategy', () => {
    const poller = new Poller();
    const run = (context: SimulationContext<undefined>): void => {
      const pid = context.runtime().spawn(poller);
      context.offer('stop', () => void pid.stop());
      void pid.poll();
      context.settle();
    };
    const scenario = { name: 'polls', module: import.meta.url, run };
    const { error } = runPlan(scenario, { order: [], input: undefined }, { strategy: new FairDispatcher(handlersFirst, 10), maxSteps: 100 });
    expect(error).toBeUndefined();
    expect(poller.polls).toBeGreaterThan(5);
    expect(poller.polls).toBeLessThan(15);
  });

  it('leaves a strategy alone that nobody waits long for', () => {
    const ready: ReadyItem[] = ['a', 'b', 'c'].map((label) => ({ kind: 'event', label, cause: 0 }));
    const fair = new FairDispatcher(new DecisionVector([2, 1, 2, 0]), 10);
    expect([fair.next(ready), fair.next(ready), fair.next(ready), fair.next(ready)]).toEqual([2, 1, 2, 0]);
  });
});
