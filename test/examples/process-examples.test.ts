import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';

const root = fileURLToPath(new URL('../..', import.meta.url));

/** Runs an example as its reader would, and answers the lines it printed. */
function run(name: string, ...args: string[]): string[] {
  const file = `docs/examples/${name}/main.mjs`;
  return execFileSync(process.execPath, [file, ...args], { cwd: root, encoding: 'utf8', timeout: 20_000 })
    .trimEnd()
    .split('\n');
}

describe('examples of @keelson/process', () => {
  it('fibonacci gathers futures', () => {
    expect(run('process-fibonacci', '10')).toEqual([
      'fibonacci(10) = 55',
      'answered in 177 requests, one at a time',
    ]);
  });

  it('supervision tells errors from bugs, and restarts', () => {
    expect(run('process-supervision')).toEqual([
      'find seven: 5',
      'find nothing: NOT_FOUND',
      'worker(1) ended (TypeError), restart 1',
      'find bug: crashed: TypeError',
      'find again: 5',
    ]);
  });

  it('a rate-limited client keeps its pace, gives up late replies and unwanted turns', () => {
    expect(run('process-rate-limited-client')).toEqual([
      '   0 ms  GET /a',
      ' 100 ms  page /a',
      ' 500 ms  GET /b',
      ' 600 ms  page /b',
      '1000 ms  GET /slow',
      '1500 ms  GET /e',
      '1600 ms  page /e',
      '2000 ms  /slow took too long',
      'Ready, Ready, Failed: /slow took too long, Discarded (with discard), Ready',
    ]);
  });

  it('a state machine in a process retries', () => {
    expect(run('process-state-machine')).toEqual([
      'idle, attempt 0',
      'downloading, attempt 1',
      'waiting, attempt 1',
      'downloading, attempt 2',
      'waiting, attempt 2',
      'downloading, attempt 3',
      'complete, attempt 3',
      'the download is complete after 3 calls',
    ]);
  });
});
