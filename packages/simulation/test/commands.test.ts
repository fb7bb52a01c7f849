import type { Future, PID } from '@keelson/process';
import { defer, Process } from '@keelson/process';
import type { CommandCall, Scenario } from '@keelson/simulation';
import { Commands, expectLinearizable, History, runPlan, simulate, SimulationError } from '@keelson/simulation';
import { describe, expect, it } from 'vitest';

/** Adds in two steps; the racy one remembers what it read before. */
class Account extends Process<Account> {
  balance = 0;

  constructor(private readonly isRacy: boolean) {
    super('account');
  }

  deposit(): Future<number> {
    const before = this.balance;
    return this.self.audit().then(defer(this, () => (this.balance = (this.isRacy ? before : this.balance) + 1)));
  }

  audit(): void {}

  read(): number {
    return this.balance;
  }
}

interface Model {
  readonly history: History<'deposit' | 'read', number>;
  asked: number;
}

const commands = new Commands<Model, PID<Account>>({
  deposit: {
    weight: 2,
    run: (model, account, _, context) => {
      model.asked += 1;
      context.watch('deposit', model.history.note('deposit', account.deposit()));
    },
  },
  read: { check: ({ asked }) => asked > 0, run: ({ history }, account) => void history.note('read', account.read()) },
});

const account = (isRacy: boolean, order: 'asked' | 'any' = 'asked'): Scenario<readonly CommandCall[]> => ({
  name: 'account',
  module: import.meta.url,
  run(context) {
    const model: Model = { history: new History(), asked: 0 };
    commands.offer(context, model, context.runtime().spawn(new Account(isRacy)), { order });
    context.settle();
    expectLinearizable(model.history.operations, {
      initial: 0,
      apply: (state: number, input) => (input === 'read' ? { state, output: state } : { state: state + 1, output: state + 1 }),
    });
  },
});

describe('Commands', () => {
  it('find a lost update with two deposits', () => {
    const run = () => simulate(account(true), { input: commands.arbitrary(), failures: false });
    expect(run).toThrow(SimulationError);
    expect(run).toThrow(/input: \[\{"command":"deposit","argument":null\},\{"command":"deposit","argument":null\}\]/);
  });

  it.each(['asked', 'any'] as const)('are all run in the order "%s", and a correct account is linearizable', (order) => {
    expect(simulate(account(false, order), { input: commands.arbitrary(), runs: 300, failures: false }).runs).toBe(300);
  });

  it('leave out what makes no sense at its turn', () => {
    const calls = (...names: string[]) => names.map((command) => ({ command, argument: null }));
    const stepsOf = (input: CommandCall[]) => runPlan(account(false), { order: [], input }).steps;
    expect(stepsOf(calls('read'))).toBe(2);
    expect(stepsOf(calls('deposit', 'read'))).toBe(stepsOf(calls('deposit')) + 2);
  });

  it('fail the scenario when one throws, although that happens inside a step', () => {
    const failing = runPlan(account(false), { order: [], input: [{ command: 'withdraw', argument: null }] });
    expect(failing.error?.message).toBe("there is no command called 'withdraw'");
  });
});
