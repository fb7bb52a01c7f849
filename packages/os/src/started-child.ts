import type { ChildProcess } from 'node:child_process';
import type { Deferred } from '@keelson/process';
import type { ExitStatus } from './ports/subprocess.js';

/** A child that runs, with its end noted from the start. */
export interface StartedChild {
  readonly process: ChildProcess;
  readonly status: Deferred<ExitStatus>;
}
