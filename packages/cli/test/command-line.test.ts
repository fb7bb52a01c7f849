import { readFileSync } from 'node:fs';
import { pathToFileURL } from 'node:url';
import { describe, expect, it } from 'vitest';
import { program, run } from './support/keelson.js';

/** Every file that Node loads as a module while the command runs, relative to the repository. */
async function modulesLoadedBy(...words: string[]): Promise<string[]> {
  const hook = new URL('./support/module-loads.mjs', import.meta.url).href;
  const { stderr, exitCode } = await run(words, { NODE_OPTIONS: `--import ${hook}` });
  expect(exitCode).toBe(0);
  const repository = new URL('../../..', pathToFileURL(program)).href;
  return [...stderr.matchAll(/^LOAD (\S+)/gm)]
    .map((match) => match[1]!.replace(repository, ''))
    .filter((url) => !url.endsWith('module-loads.mjs'));
}

describe('keelson version', () => {
  it.each(['version', '--version', '-V'])('answers %s', async (word) => {
    expect(await run([word])).toEqual({
      exitCode: 0,
      stdout: expect.stringMatching(/^keelson \d+\.\d+\.\d+\n$/),
      stderr: '',
    });
  });

  it('is a document for scripts', async () => {
    const { stdout } = await run(['--json', 'version']);
    expect(JSON.parse(stdout)).toEqual({
      version: expect.stringMatching(/^\d+\.\d+\.\d+$/),
      node: process.versions.node,
    });
  });

  it('loads two small modules and nothing else', async () => {
    expect(await modulesLoadedBy('version')).toEqual([
      'packages/cli/bin/keelson.js',
      'packages/cli/dist/version.js',
    ]);
  });
});

describe('a command that serves nobody', () => {
  it('loads few files, and in them neither the API of an agent nor WebSockets', async () => {
    const loaded = await modulesLoadedBy('--root', '/nowhere/at/all', 'images');
    const files = loaded.filter((url) => url.startsWith('packages/'));
    // The bundler names each module above its text.
    const modules = files.flatMap((file) => {
      const text = readFileSync(new URL(`../../../${file}`, pathToFileURL(program)), 'utf8');
      return [...text.matchAll(/^\/\/ ((?:\.\.\/|dist\/)\S+)$/gm)].map((match) => match[1]!);
    });

    expect(files.length).toBeLessThan(30);
    expect(modules).toContain('../agent/dist/agent.js');
    expect(modules.filter((path) => /node_modules\/ws\/|agent\/dist\/(http|security|server)\//.test(path))).toEqual([]);
  });
});

describe('keelson --help', () => {
  it('names every command there is, and none that is not', async () => {
    const { stdout, exitCode } = await run(['--help']);
    const commands = [...stdout.matchAll(/^ {2}([a-z]+) .*$/gm)].map((match) => match[1]);
    expect([exitCode, commands]).toEqual([
      0,
      [
        'demo',
        'agent',
        'pull',
        'load',
        'images',
        'pin',
        'unpin',
        'untag',
        'run',
        'provision',
        'ps',
        'wait',
        'kill',
        'logs',
        'rm',
        'destroy',
        'plan',
        'prune',
        'why',
        'df',
        'check',
        'metrics',
        'inspect',
        'version',
      ],
    ]);
  });

  it('loads neither the agent nor what it stands on', async () => {
    const loaded = await modulesLoadedBy('--help');
    expect(loaded.filter((url) => /koffi|rxjs|xstate|piscina|packages\/(?!cli)/.test(url))).toEqual([]);
  });

  it.each(['demo', 'pull', 'run', 'prune'])('explains %s', async (command) => {
    const { stdout, exitCode } = await run([command, '--help']);
    expect([exitCode, stdout]).toEqual([0, expect.stringContaining(`Usage: keelson ${command}`)]);
  });
});

describe('bad usage', () => {
  it.each([
    [[], /no command given/],
    [['frobnicate'], /unknown command 'frobnicate' \(see keelson --help\)$/m],
    [['exec', 'x'], /unknown command 'exec'/],
    [['images', '--wrong'], /unknown option '--wrong'/],
    [['pull'], /missing required argument 'ref' \(see keelson pull --help\)$/m],
    [['run', '-d', '--rm', 'alpine'], /exclude each other/],
    [['kill', '-s', 'SIGNOT', 'x'], /--signal is "SIGNOT", but must be a signal: TERM/],
    [['run'], /needs an image/],
    [['run', '--network', 'bridge', 'alpine'], /--network .* Allowed choices are host, none/],
    [['run', '--memory', 'much', 'alpine'], /--memory is "much"/],
    [['provision', '--backend', 'aufs', 'alpine'], /Allowed choices are .*overlay/],
    [['prune', '--dry-run', '--apply', 'x'], /exclude each other/],
    [['--lock-timeout', '-1', 'images'], /--lock-timeout is -1, but must be seconds/],
    [['--log-level', 'loud', 'images'], /Allowed choices are error, warn, info, debug/],
    [['version', 'extra'], /too many arguments/],
    [['pull', '--platform', '/', 'alpine'], /platform/],
  ])('of %j ends with 2 and one line that says what is wrong', async (words, message) => {
    const { exitCode, stdout, stderr } = await run(words);
    expect([exitCode, stdout]).toEqual([2, '']);
    expect(stderr).toMatch(/^keelson: USAGE: [^\n]+\n$/);
    expect(stderr).toMatch(message);
  });

  it('is a document too where scripts listen', async () => {
    const { stdout, stderr, exitCode } = await run(['--json', 'frobnicate']);
    expect(exitCode).toBe(2);
    expect(JSON.parse(stdout)).toEqual({
      error: { code: 'USAGE', message: expect.stringContaining('frobnicate'), cause: null },
    });
    expect(stderr).toMatch(/^keelson: USAGE: /);
  });
});
