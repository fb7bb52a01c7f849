import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { copyFileSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { LocalHost, type ProcessIdentity } from '@keelson/os';
import { parseProcessStat } from '../dist/process-stat.js';
import { temporaryDirectory } from './temporary-directory.js';

const host = new LocalHost();

/** A process that runs until it is told to end, or the test is over. */
function sleeper(onTestFinished: (clean: () => void) => void, program = 'sleep') {
  const child = spawn(program, ['1000'], { stdio: 'ignore' });
  onTestFinished(() => void child.kill('SIGKILL'));
  return once(child, 'spawn').then(() => child);
}

describe('LocalHost', () => {
  it('identifies a live process, and no other', async ({ onTestFinished }) => {
    const child = await sleeper(onTestFinished);

    const identity = await host.identify(child.pid as number);

    expect(identity).toEqual(await host.identify(child.pid as number));
    expect(identity).toMatchObject({
      pid: child.pid,
      bootId: readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim(),
    });
    child.kill('SIGKILL');
    await once(child, 'exit');
    expect(await host.identify(child.pid as number)).toBeUndefined();
    expect(await host.identify(2 ** 22 + 1)).toBeUndefined();
  });

  it('reads the start time of a process whose name looks like more fields', async ({ onTestFinished }) => {
    const program = join(temporaryDirectory(onTestFinished), 'a) Z 1 (');
    copyFileSync('/bin/sleep', program);
    const [child, other] = [await sleeper(onTestFinished, program), await sleeper(onTestFinished)];

    const [odd, plain] = [await host.identify(child.pid as number), await host.identify(other.pid as number)];

    expect(
      Math.abs((odd as ProcessIdentity).startTicks - (plain as ProcessIdentity).startTicks),
    ).toBeLessThan(1000);
    expect(parseProcessStat('7 (a) Z 1 () S 3 7 7 0 -1 0 0 0 0 0 0 0 0 0 20 0 1 0 4242 0 0')).toEqual({
      state: 'S',
      parentPid: 3,
      startTicks: 4242,
    });
  });

  it('takes a zombie for gone', async ({ onTestFinished }) => {
    // The child stops itself until its parent has become a program that never looks after children.
    const script = 'sh -c "kill -STOP \\$\\$" & echo $!; exec sleep 1000';
    const parent = spawn('sh', ['-c', script], { stdio: ['ignore', 'pipe', 'ignore'] });
    onTestFinished(() => void parent.kill('SIGKILL'));
    const [line] = (await once(parent.stdout, 'data')) as [Buffer];
    const pid = Number(line);
    await until(() => readFileSync(`/proc/${parent.pid}/comm`, 'utf8') === 'sleep\n' && stateOf(pid) === 'T');
    expect(await host.identify(pid)).toBeDefined();

    process.kill(pid, 'SIGKILL');
    await until(() => stateOf(pid) === 'Z');

    expect(await host.identify(pid)).toBeUndefined();
  });

  it('signals only the process that is meant', async ({ onTestFinished }) => {
    const child = await sleeper(onTestFinished);
    const identity = (await host.identify(child.pid as number)) as ProcessIdentity;
    const exited = once(child, 'exit');

    expect(await host.signal({ ...identity, startTicks: identity.startTicks - 1 }, 'SIGKILL')).toBe(false);
    expect(await host.signal({ ...identity, bootId: 'another boot' }, 'SIGKILL')).toBe(false);
    expect(await host.signal(identity, 'SIGTERM')).toBe(true);
    expect(await exited).toEqual([null, 'SIGTERM']);
    expect(await host.signal(identity, 'SIGTERM')).toBe(false);
  });

  it.each(['KILL', 'sigkill', '9', 'SIGRTMIN+3'])('knows the signal %s', async (name) => {
    let clean = () => undefined as void;
    const child = await sleeper((f) => (clean = f));
    const exited = once(child, 'exit');

    expect(await host.signal((await host.identify(child.pid as number)) as ProcessIdentity, name)).toBe(true);
    await exited;
    clean();
  });

  it('refuses a signal that there is not', async () => {
    const self = (await host.identify(process.pid)) as ProcessIdentity;

    for (const name of ['SIGNONE', '0', '65', 'RTMIN+99', '']) {
      await expect(host.signal(self, name)).rejects.toMatchObject({ name: 'FileError', code: 'EINVAL' });
    }
  });

  it('tells when a process is gone, and stops looking when nobody wants to know', async ({
    onTestFinished,
  }) => {
    const child = await sleeper(onTestFinished);
    const identity = (await host.identify(child.pid as number)) as ProcessIdentity;

    const unwanted = host.exited(identity);
    unwanted.discard();
    expect(unwanted.isDiscarded()).toBe(true);

    const exited = host.exited(identity);
    expect(exited.isPending()).toBe(true);
    child.kill('SIGKILL');
    const keepAlive = setInterval(() => undefined, 1000);
    await exited;
    clearInterval(keepAlive);
    expect(host.exited(identity).isReady()).toBe(true);
  });

  it('finds programs, and speaks of platforms as images do', async () => {
    expect(await host.findProgram('sh')).toMatch(/\/sh$/);
    expect(await host.findProgram('no-such-program-anywhere')).toBeUndefined();
    expect(host.platform).toMatchObject({
      os: 'linux',
      architecture: expect.not.stringMatching(/^x64$/) as string,
    });
    expect(host.effectiveUserId).toBe(process.geteuid?.());
    expect(host.wallClockMs()).toBeGreaterThan(1.6e12);
  });
});

function stateOf(pid: number): string {
  return parseProcessStat(readFileSync(`/proc/${pid}/stat`, 'utf8')).state;
}

/** Lets the event loop turn until it is so. */
async function until(isSo: () => boolean): Promise<void> {
  while (!isSo()) await new Promise((later) => setImmediate(later));
}
