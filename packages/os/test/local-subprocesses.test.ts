import { closeSync, existsSync, lstatSync, openSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { LocalSubprocesses } from '@keelson/os';
import { written } from '../../../test/support/watched-files.js';
import { temporaryDirectory } from './temporary-directory.js';

const subprocesses = new LocalSubprocesses();
const PATH = { PATH: '/usr/bin:/bin' };
const sh = (script: string) => ({ argv: ['sh', '-c', script], environment: PATH });

describe('LocalSubprocesses.run', () => {
  it('hands over arguments, input, environment and folder as they are, and collects what comes', async ({
    onTestFinished,
  }) => {
    const root = temporaryDirectory(onTestFinished);

    const result = await subprocesses.run({
      argv: ['sh', '-c', 'cat; echo "$1|$GREETING|$HOME|$PWD"; echo oops >&2; exit 3', 'sh', '$(not run) *'],
      environment: { ...PATH, GREETING: 'hi' },
      workingDirectory: root,
      input: 'input\n',
    });

    expect(result).toEqual({
      status: { exitCode: 3 },
      stdout: `input\n$(not run) *|hi||${root}\n`,
      stderr: 'oops\n',
    });
  });

  it('tells the signal that ended a child', async () => {
    expect((await subprocesses.run(sh('kill -TERM $$'))).status).toEqual({ signal: 'SIGTERM' });
  });

  it('keeps the beginning of too much output, and does not stop the writer', async () => {
    const { status, stdout } = await subprocesses.run({
      ...sh('head -c 3000000 /dev/zero; exit 5'),
      maxOutputBytes: 10,
    });

    expect(stdout).toHaveLength(10);
    expect(status).toEqual({ exitCode: 5 });
  });

  it('survives a child that does not read its input', async () => {
    expect((await subprocesses.run({ ...sh('exec true'), input: 'x'.repeat(1_000_000) })).status).toEqual({
      exitCode: 0,
    });
  });

  it('kills what runs too long', async () => {
    const running = subprocesses.run({ ...sh('exec sleep 1000'), timeoutMs: 20 });

    await expect(running).rejects.toMatchObject({ name: 'FileError', code: 'ETIMEDOUT', path: 'sh' });
  });

  it('kills the child of a discarded run', async ({ onTestFinished }) => {
    const subject = subprocesses.run({
      ...sh('exec sleep 1000'),
      workingDirectory: temporaryDirectory(onTestFinished),
    });
    const discarded = new Promise((done) => subject.onDiscarded(() => done('discarded')));

    subject.discard();

    expect(await discarded).toBe('discarded');
  });

  it('does not wait for a grandchild that holds the pipes', async () => {
    const { stdout } = await subprocesses.run(sh('sleep 30 & echo "$!"'));

    expect(Number(stdout)).toBeGreaterThan(0);
    process.kill(Number(stdout), 'SIGKILL');
  });

  it('says why a program cannot be started', async ({ onTestFinished }) => {
    const root = temporaryDirectory(onTestFinished);
    const path = join(root, 'program');
    writeFileSync(path, 'no program');

    await expect(subprocesses.run({ argv: ['no-such-program-anywhere'] })).rejects.toMatchObject({
      name: 'FileError',
      code: 'ENOENT',
    });
    await expect(subprocesses.run({ argv: [path] })).rejects.toMatchObject({ code: 'EACCES', path });
    await expect(
      subprocesses.run({ ...sh('true'), workingDirectory: join(root, 'missing') }),
    ).rejects.toMatchObject({ code: 'ENOENT', path: join(root, 'missing') });
  });
});

describe('LocalSubprocesses.spawn', () => {
  it('appends output to files that only the owner can read', async ({ onTestFinished }) => {
    const root = temporaryDirectory(onTestFinished);
    writeFileSync(join(root, 'input'), 'from the file');
    const [stdout, stderr] = [{ path: join(root, 'stdout') }, { path: join(root, 'stderr') }];

    for (let round = 0; round < 2; round++) {
      const child = await subprocesses.spawn({
        ...sh('cat; echo >&2 error'),
        stdin: { path: join(root, 'input') },
        stdout,
        stderr,
      });
      expect(await child.status).toEqual({ exitCode: 0 });
    }

    expect(readFileSync(stdout.path, 'utf8')).toBe('from the filefrom the file');
    expect(readFileSync(stderr.path, 'utf8')).toBe('error\nerror\n');
    expect(lstatSync(stdout.path).mode & 0o777).toBe(0o600);
  });

  it('gives a detached child its own session', async ({ onTestFinished }) => {
    const stdout = { path: join(temporaryDirectory(onTestFinished), 'stdout') };

    const child = await subprocesses.spawn({
      ...sh('cut -d" " -f6 /proc/self/stat'),
      detached: true,
      stdout,
    });
    await child.status;

    expect(Number(readFileSync(stdout.path, 'utf8'))).toBe(child.pid);
  });

  it('signals a child, and says when it is gone', async () => {
    const child = await subprocesses.spawn(sh('exec sleep 1000'));

    expect(child.kill('SIGTERM')).toBe(true);
    expect(await child.status).toEqual({ signal: 'SIGTERM' });
    expect(child.kill('SIGTERM')).toBe(false);
  });
});

describe.each([{ detached: true }, { detached: false }])('LocalSubprocesses.spawn with a pipe, %j', (options) => {
  const waiting = (script: string, stdout: { path: string }) =>
    subprocesses.spawn({ ...sh(script), ...options, stdin: 'pipe', stdout }).toPromise();

  it('hands one line over, and then the end', async ({ onTestFinished }) => {
    const stdout = { path: join(temporaryDirectory(onTestFinished), 'out') };
    const child = await waiting('read -r line; echo "got $line"; cat', stdout);

    child.stdin!.end('go\n');
    child.stdin!.end('twice\n');

    expect(await child.status).toEqual({ exitCode: 0 });
    expect(readFileSync(stdout.path, 'utf8')).toBe('got go\n');
  });

  it('ends it without a line', async ({ onTestFinished }) => {
    const child = await waiting('read -r line || exit 7', { path: join(temporaryDirectory(onTestFinished), 'out') });

    child.stdin!.end();

    expect(await child.status).toEqual({ exitCode: 7 });
  });

  it('does not mind a child that is gone', async ({ onTestFinished }) => {
    const child = await waiting('exit 3', { path: join(temporaryDirectory(onTestFinished), 'out') });
    expect(await child.status).toEqual({ exitCode: 3 });

    expect(() => child.stdin!.end('go\n')).not.toThrow();
  });

  it('ends it with this process, however that ends', async ({ onTestFinished }) => {
    const path = join(temporaryDirectory(onTestFinished), 'ended');
    writeFileSync(path, '');
    const parent = `
      import { LocalSubprocesses } from '@keelson/os';
      const script = 'read -r line || echo "no line" > "$0"';
      const argv = ['/bin/sh', '-c', script, ${JSON.stringify(path)}];
      await new LocalSubprocesses().spawn({ argv, ...${JSON.stringify(options)}, stdin: 'pipe' });
      process.kill(process.pid, 'SIGKILL');`;

    const killed = await subprocesses.run({ argv: [process.execPath, '--input-type=module', '-e', parent] });

    expect(killed.status).toEqual({ signal: 'SIGKILL' });
    await written(path, 'no line\n');
  });
});

describe('LocalSubprocesses.spawn of detached children', () => {
  it('tells how each of many ended, however close together, and waits for them all', async () => {
    const codes = Array.from({ length: 20 }, (_, index) => index);
    const children = codes.map((code) => subprocesses.spawn({ ...sh(`exit ${code}`), detached: true }));

    const statuses = await Promise.all(children.map(async (child) => (await child).status));

    expect(statuses).toEqual(codes.map((exitCode) => ({ exitCode })));
    for (const child of children) expect(existsSync(`/proc/${(await child).pid}`)).toBe(false);
  });

  it('gives them a session of their own, default signals, the descriptors asked for and no other', async ({
    onTestFinished,
  }) => {
    const path = join(temporaryDirectory(onTestFinished), 'out');
    const held = openSync('/dev/zero', 'r');
    // No pipe: the shell's own end of one would show. And by exec: a shell that waits blocks signals for a moment.
    const tell = 'exec grep -E "SigBlk|SigIgn" /proc/$$/status';
    const script = `echo $(cut -d" " -f6 /proc/$$/stat) $$; ls -m /proc/$$/fd; ${tell}`;
    const child = await subprocesses.spawn({ ...sh(script), detached: true, stdout: { path } });
    expect(await child.status).toEqual({ exitCode: 0 });
    closeSync(held);

    const [session, descriptors, ...signals] = readFileSync(path, 'utf8').split('\n');
    expect(session).toBe(`${child.pid} ${child.pid}`);
    expect(descriptors).toBe('0, 1, 2');
    expect(signals.map((line) => /^\w+:\s+0+$/.test(line))).toEqual([true, true, false]);
  });

  it('tells the signal that ended one, and signals none that is gone', async () => {
    const child = await subprocesses.spawn({ ...sh('exec sleep 1000'), detached: true });
    expect(child.kill('SIGKILL')).toBe(true);
    expect(await child.status).toEqual({ signal: 'SIGKILL' });
    expect(child.kill('SIGKILL')).toBe(false);
    expect(process.listenerCount('SIGCHLD')).toBe(0);
  });

  it('refuses a program that is not there, and one that cannot be executed', async () => {
    const spawning = (program: string) => subprocesses.spawn({ argv: [program], detached: true }).toPromise();
    await expect(spawning('/no/such/program')).rejects.toMatchObject({ name: 'FileError', code: 'ENOENT' });
    await expect(spawning('/etc/passwd')).rejects.toMatchObject({ name: 'FileError', code: 'EACCES' });
    expect(process.listenerCount('SIGCHLD')).toBe(0);
  });
});
