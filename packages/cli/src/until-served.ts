import { connect } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { socketPathOf } from '@keelson/agent/client';

const pollMs = 100;

/** Settles once somebody listens at the socket of `root`; a socket alone may be that of an agent that died. */
export async function untilServed(root: string, environment: NodeJS.ProcessEnv, gone: AbortSignal): Promise<void> {
  const path = socketPathOf(root, environment);
  while (!gone.aborted && !(await listens(path))) await sleep(pollMs, undefined, { ref: false });
}

function listens(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(path);
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => resolve(false));
  });
}
