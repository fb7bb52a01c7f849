import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { closeSync, constants, fstatSync, openSync, readFileSync, readSync, statSync, writeFileSync, writeSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { openInput } from '@keelson/os';
import { notRoot, temporaryDirectory } from './temporary-directory.js';

/** A process with this standard input that lives until the test is over. */
function holderOf(input: number | 'pipe', onTestFinished: (clean: () => void) => void): ChildProcess {
  const child = spawn('sleep', ['1000'], { stdio: [input, 'ignore', 'ignore'] });
  onTestFinished(() => void child.kill('SIGKILL'));
  return child;
}

function placeOf({ pid = 0 }: ChildProcess) {
  const { dev: device, ino: inode } = statSync(`/proc/${pid}/fd/0`);
  return { pid, device, inode };
}

describe.skipIf(notRoot)('the input of another process', () => {
  it('is the same open file, read on where that one is', async ({ onTestFinished }) => {
    const path = `${temporaryDirectory(onTestFinished)}/file`;
    writeFileSync(path, 'one two');
    const file = openSync(path, 'r');
    readSync(file, Buffer.alloc(4));
    const holder = holderOf(file, onTestFinished);
    closeSync(file);

    const input = await openInput(placeOf(holder));

    expect(readFileSync(input!.descriptor, 'utf8')).toBe('two');
    input!.close();
    expect(() => fstatSync(input!.descriptor)).toThrow(/EBADF/);
  });

  it('may be a socket', async ({ onTestFinished }) => {
    const holder = holderOf('pipe', onTestFinished);
    const input = await openInput(placeOf(holder));

    holder.stdin!.end('said');

    const said = Buffer.alloc(4);
    await new Promise((resolve) => holder.stdin!.once('finish', resolve));
    expect([readSync(input!.descriptor, said), said.toString()]).toEqual([4, 'said']);
    input!.close();
  });

  it('may be a named pipe that nobody writes to any more', async ({ onTestFinished }) => {
    const path = `${temporaryDirectory(onTestFinished)}/pipe`;
    execFileSync('mkfifo', [path]);
    const both = openSync(path, constants.O_RDWR);
    const holder = holderOf(openSync(path, 'r'), onTestFinished);
    writeSync(both, 'left');
    closeSync(both);

    const input = await openInput(placeOf(holder));

    expect(readFileSync(input!.descriptor, 'utf8')).toBe('left');
    input!.close();
  });

  it('is not opened where it is not what was meant', async ({ onTestFinished }) => {
    const place = placeOf(holderOf('pipe', onTestFinished));

    expect(await openInput({ ...place, inode: place.inode + 1 })).toBeUndefined();
    expect(await openInput({ ...place, device: place.device + 1 })).toBeUndefined();
  });

  it('is not there where there is no such process', async () => {
    expect(await openInput({ pid: 2 ** 22, device: 1, inode: 1 })).toBeUndefined();
  });
});
