import { describe, expect, it } from 'vitest';
import type { Agent, AttachedContainer } from '@keelson/agent';
import { runForeground } from '../dist/foreground-run.js';
import type { Session } from '../dist/session.js';

/** Notes what each agent is asked for. */
class FakeSession {
  readonly hosted = false;
  readonly agents: string[][] = [];
  readonly notices: string[] = [];
  readonly options = { root: '/nowhere' };
  readonly caller = { signals: { listen: () => () => {} }, gone: new AbortController().signal };
  readonly output = {
    streams: { stderr: { write: () => true } },
    quiet: true,
    paintFor: () => ({}),
    notice: (text: string) => void this.notices.push(text),
  };
  failWait = false;

  constructor(private readonly status: Promise<number>) {}

  watch(): void {}

  async openInput(): Promise<undefined> {}

  async withAgent<T>(work: (agent: Agent) => Promise<T>): Promise<T> {
    const asked: string[] = [];
    this.agents.push(asked);
    const attached = { status: this.status, signal: () => {} } as unknown as AttachedContainer;
    const answers: Record<string, () => Promise<unknown>> = {
      launch: async () => {},
      attach: async () => attached,
      wait: async () => {
        if (this.failWait) throw Object.assign(new Error('the disk is full'), { code: 'ENOSPC' });
        return { exitStatus: await this.status };
      },
      destroy: async () => {},
    };
    const agent = Object.fromEntries(
      Object.entries(answers).map(([name, answer]) => [name, () => (asked.push(name), answer())]),
    );
    return work(agent as unknown as Agent);
  }

  run(remove: boolean, stdio: 'inherit' | 'sandbox' = 'inherit'): Promise<number> {
    return runForeground(this as unknown as Session, { id: 'c', rootfs: '/r', argv: ['x'], stdio }, { remove });
  }
}

describe('a container in the foreground', () => {
  it('that is over at once is taken down by the agent that launched it', async () => {
    const session = new FakeSession(Promise.resolve(3));

    expect(await session.run(true)).toBe(3);
    expect(session.agents).toEqual([['launch', 'attach', 'wait', 'destroy']]);
  });

  it('is left to itself while it runs, and taken down by another agent', async () => {
    let end: (status: number) => void;
    const session = new FakeSession(new Promise((resolve) => void (end = resolve)));
    const { withAgent } = FakeSession.prototype;
    session.withAgent = async (work) => {
      const answer = await withAgent.call(session, work);
      end(0);
      return answer as never;
    };

    expect(await session.run(false)).toBe(0);
    expect(session.agents).toEqual([['launch', 'attach'], ['wait']]);
  });

  it('that writes into its sandbox is not taken down before that was shown', async () => {
    const session = new FakeSession(Promise.resolve(3));

    // There is no sandbox to show here.
    await expect(session.run(true, 'sandbox')).rejects.toThrow();
    expect(session.agents).toEqual([['launch', 'attach']]);
  });

  it('ends with its own status even if its end cannot be recorded', async () => {
    const session = new FakeSession(Promise.resolve(3));
    session.failWait = true;

    expect(await session.run(true)).toBe(3);
    expect(session.notices).toEqual(['keelson: ENOSPC: left for the next command: the disk is full']);
  });
});
