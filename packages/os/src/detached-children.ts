import { constants } from 'node:os';
import { Deferred } from '@keelson/process';
import type { Child, ExitStatus } from './ports/subprocess.js';
import { reapChild } from './system-calls/spawn.js';

/**
 * Children that Node does not know of: told that some child ended, it looks which. Waiting for them does not keep
 * this process alive, and they do not end with it.
 */
export class DetachedChildren {
  readonly #running = new Map<number, Deferred<ExitStatus>>();
  readonly #look = () => this.#reap();
  #starting = 0;

  /** Takes charge of the child whose pid `spawn` answers. The end of none is missed, however soon it comes. */
  start(spawn: () => number): Child {
    this.#listen();
    this.#starting += 1;
    try {
      const pid = spawn();
      const status = new Deferred<ExitStatus>();
      this.#running.set(pid, status);
      // After its end its number may be another's.
      const kill = (signal: string) => this.#running.has(pid) && process.kill(pid, signal as NodeJS.Signals);
      return { pid, status: status.future, kill };
    } finally {
      this.#starting -= 1;
      this.#rest();
    }
  }

  #listen(): void {
    if (this.#running.size === 0 && this.#starting === 0) process.on('SIGCHLD', this.#look);
  }

  #rest(): void {
    if (this.#running.size === 0 && this.#starting === 0) process.off('SIGCHLD', this.#look);
  }

  /** One signal may stand for many ends. */
  #reap(): void {
    for (const [pid, status] of this.#running) {
      const ended = reapChild(pid);
      if (!ended) continue;
      this.#running.delete(pid);
      status.set('code' in ended ? { exitCode: ended.code } : { signal: signalName(ended.signal) });
    }
    this.#rest();
  }
}

function signalName(number: number): string {
  return Object.entries(constants.signals).find(([, value]) => value === number)?.[0] ?? `SIG${number}`;
}
