import { describe, expect, it } from 'vitest';
import { Agent } from '@keelson/agent';

describe('the options of an agent', () => {
  it.each([
    [undefined, /options is undefined/],
    [{}, /root is undefined, but must be an absolute path/],
    [{ root: 'relative' }, /root is "relative", but must be an absolute path/],
    [{ root: '/a\0b' }, /NUL/],
    [{ root: '/r', backend: 'aufs' }, /backend is "aufs", but must be one of copy, overlay, bind/],
    [{ root: '/r', launcher: 'docker' }, /launcher is "docker", but must be one of crun, runc, linux/],
    [{ root: '/r', platform: 'linux' }, /platform is "linux", but must hold an os and an architecture/],
    [
      { root: '/r', executorThreads: 0 },
      /executorThreads is 0, but must be a whole number of threads from 1 to 64/,
    ],
    [{ root: '/r', executorThreads: 1.5 }, /executorThreads is 1.5/],
    [{ root: '/r', oneShot: 'yes' }, /oneShot is "yes", but must be true or false/],
    [{ root: '/r', executorThreads: 65 }, /executorThreads is 65/],
    [{ root: '/r', lockTimeoutMs: -1 }, /lockTimeoutMs is -1, but must be a whole number of milliseconds from 0 to 86400000/],
    [{ root: '/r', lockTimeoutMs: Number.NaN }, /lockTimeoutMs is NaN/],
    [{ root: '/r', lockTimeoutMs: '5' }, /lockTimeoutMs is "5"/],
    [{ root: '/r', containerizers: 'docker' }, /containerizers is "docker", but must be a list/],
    [{ root: '/r', containerizers: [] }, /containerizers is "", but must be mesos, docker or both/],
    [{ root: '/r', containerizers: ['docker', 'docker'] }, /each once/],
    [{ root: '/r', containerizers: ['podman'] }, /containerizers\[0\] is "podman", but must be one of mesos, docker/],
    [{ root: '/r', docker: { socket: 'relative' } }, /docker.socket is "relative", but must be an absolute path/],
    [{ root: '/r', docker: { socket: `/${'x'.repeat(107)}` } }, /of at most 107 characters/],
    [{ root: '/r', docker: { prune: 'yes' } }, /docker.prune is "yes", but must be true or false/],
    [{ root: '/r', docker: { sock: '/x' } }, /docker.sock is not one of socket, prune/],
    [{ root: '/r', imageGc: { diskHeadroom: 2 } }, /imageGc.diskHeadroom is 2, but must be a number of/],
    [{ root: '/r', log: 'stderr' }, /log is "stderr", but must be a function/],
    [{ root: '/r', lockTimeout: 5 }, /lockTimeout is 5, but is not one of root, backend/],
  ])('are refused with the field, its unit and its bounds: %o', (options, message) => {
    let thrown: unknown;
    try {
      Agent.create(options as never);
    } catch (error) {
      thrown = error;
    }
    expect(thrown).toMatchObject({
      name: 'AgentError',
      code: 'CONFIG_INVALID',
      message: expect.stringMatching(message),
    });
  });
});
