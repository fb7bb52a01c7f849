import { describe, expect, it } from 'vitest';
import type { RunFlags } from '../src/run-options.js';
import { dockerSettingFlags, dockerSettingsOfRun } from '../src/docker-settings.js';
import { launchOptionsOf } from '../src/run-options.js';

/** As if it were typed in this process's own folder, with that environment. */
function optionsOf(flags: RunFlags, words: readonly string[], environment: NodeJS.ProcessEnv) {
  const stream = { write: () => {} };
  const streams = { stdout: stream, stderr: stream, environment };
  return launchOptionsOf(flags, words, { workingDirectory: process.cwd(), streams });
}

describe('the options of run', () => {
  it('take the first word for the image and the rest for the command, with or without --', () => {
    expect(optionsOf({ name: 'a' }, ['alpine', '--', 'echo', '--', 'hi'], {})).toMatchObject({
      id: 'a',
      image: 'alpine',
      argv: ['echo', '--', 'hi'],
      stdio: 'inherit',
    });
    expect(optionsOf({}, ['alpine', 'echo', 'hi'], {}).argv).toEqual(['echo', 'hi']);
    expect(optionsOf({}, ['alpine'], {}).argv).toEqual([]);
  });

  it('take every word for the command where a root filesystem is given', () => {
    const options = optionsOf({ rootfs: '/srv/root' }, ['--', 'echo'], {});
    expect([options.rootfs, options.image, options.argv]).toEqual(['/srv/root', undefined, ['echo']]);
  });

  it('name a container that was given no name', () => {
    expect(optionsOf({}, ['a'], {}).id).toMatch(/^[0-9a-f]{12}$/);
  });

  it('pass variables on by name, and leave out those we do not have', () => {
    const flags = { env: ['A=1', 'B', 'C', 'D=x=y', 'E='] };
    expect(optionsOf(flags, ['a'], { B: 'two' }).environment).toEqual({
      A: '1',
      B: 'two',
      D: 'x=y',
      E: '',
    });
  });

  it('read volumes', () => {
    expect(optionsOf({ volume: ['/h:/c', '/h:/d:ro', 'rel:/e:rw'] }, ['a'], {}).volumes).toEqual([
      { hostPath: '/h', containerPath: '/c', readOnly: false },
      { hostPath: '/h', containerPath: '/d', readOnly: true },
      { hostPath: `${process.cwd()}/rel`, containerPath: '/e', readOnly: false },
    ]);
  });

  it.each([
    ['1024', 1024],
    ['64k', 65_536],
    ['2M', 2_097_152],
    ['1g', 1_073_741_824],
  ])('read %s as %i bytes of memory', (memory, sizeBytes) => {
    expect(optionsOf({ memory }, ['a'], {}).memoryBytes).toBe(sizeBytes);
  });

  it.each([
    [{ memory: '1t' }, /--memory is "1t"/],
    [{ memory: '0' }, /--memory/],
    [{ memory: '-5' }, /--memory/],
    [{ cpus: '0' }, /--cpus is "0"/],
    [{ cpus: 'many' }, /--cpus/],
    [{ volume: ['/h'] }, /--volume is "\/h"/],
    [{ volume: ['/h:rel'] }, /--volume/],
    [{ volume: ['/h:/c:rx'] }, /--volume/],
    [{ env: ['=x'] }, /--env/],
  ])('refuse %o and say what would be right', (flags, message) => {
    expect(() => optionsOf(flags, ['a'], {})).toThrow(message);
  });

  it('begin relative paths where the command was given', () => {
    const stream = { write: () => {} };
    const caller = { workingDirectory: '/home/me', streams: { stdout: stream, stderr: stream, environment: {} } };
    const { rootfs, volumes } = launchOptionsOf({ rootfs: 'tree', volume: ['x:/x'] }, [], caller);
    expect([rootfs, volumes?.map(({ hostPath }) => hostPath)]).toEqual(['/home/me/tree', ['/home/me/x']]);
  });

  it('refuse to run nothing', () => {
    expect(() => optionsOf({}, [], {})).toThrow(/needs an image/);
  });
});

describe('the options of a Docker engine', () => {
  const here = { workingDirectory: '/here' };

  it('say who launches, in order, and where the engine is', () => {
    expect(dockerSettingFlags({}, here)).toEqual([]);
    const flags = { containerizers: 'docker, mesos', dockerSocket: 'run/d.sock', dockerPrune: true };
    expect(dockerSettingFlags(flags, here)).toEqual([
      'containerizers=["docker","mesos"]',
      'docker.socket=/here/run/d.sock',
      'docker.prune=true',
    ]);
    expect(dockerSettingsOfRun({}, here)).toEqual({});
    expect(dockerSettingsOfRun({ containerizer: 'docker' }, here)).toEqual({ containerizers: ['mesos', 'docker'], docker: {} });
  });

  it.each(['', 'podman', 'mesos,', 'docker,docker'])('are refused: %j', (containerizers) => {
    expect(() => dockerSettingFlags({ containerizers }, here)).toThrow(/--containerizers is/);
  });

  it('have a container of an engine write into its sandbox', () => {
    expect(optionsOf({ containerizer: 'docker' }, ['a'], {})).toMatchObject({ type: 'DOCKER', stdio: 'sandbox' });
    expect(optionsOf({ containerizer: 'mesos' }, ['a'], {})).toMatchObject({ type: 'MESOS', stdio: 'inherit' });
  });
});
