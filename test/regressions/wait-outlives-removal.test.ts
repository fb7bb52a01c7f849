import { Future } from '@keelson/process';
import { expect, it } from 'vitest';
import { containerEnd } from '../../packages/cli/src/container-end.js';
import type { Session } from '../../packages/cli/src/session.js';

/*
 * Without a serving agent, `wait` asked for the record of the end once the store was its own: `run --rm`, which saw the
 * same end, had removed it by then, and `wait` failed with NO_SUCH_CONTAINER.
 */
const gone = Object.assign(new Error('there is no container mine'), { code: 'NO_SUCH_CONTAINER' });

/** The store as it is while the container runs, and as it is when the one that ran it has removed it. */
function sessionThatSees(status: number | undefined): Session {
  const agents = [
    { containers: async () => [{ id: 'mine', state: 'RUNNING' }], attach: () => ({ status: Future.ready(status) }) },
    { containers: async () => [], wait: () => Future.failed(gone) },
  ];
  const withAgent = (work: (agent: unknown) => Promise<unknown>): Promise<unknown> => work(agents.shift());
  return { hosted: false, withAgent, answer: (future: unknown) => future } as unknown as Session;
}

it.each([
  [3, { exitStatus: 3 }],
  [137, { exitStatus: 137, signal: 'SIGKILL' }],
])('who saw a container end with %i says so when it is removed at once', async (status, end) => {
  expect(await containerEnd(sessionThatSees(status), 'mine')).toEqual(end);
});

it('an end that nobody saw is still told as one', async () => {
  await expect(containerEnd(sessionThatSees(undefined), 'mine')).rejects.toBe(gone);
});
