import {
  exitStatusOfFailure,
  ContainerizerError,
  parseSignal,
  shellStatus,
  terminationOf,
} from '@keelson/containerizer';
import { describe, expect, it } from 'vitest';

describe('how a container ended', () => {
  it.each([
    [0, { exitStatus: 0 }],
    [42, { exitStatus: 42 }],
    [137, { exitStatus: 137, signal: 'SIGKILL' }],
    [143, { exitStatus: 143, signal: 'SIGTERM' }],
    [255, { exitStatus: 255 }],
  ])('status %i', (status, expected) => {
    expect(terminationOf(status)).toEqual(expected);
  });

  it('says that nobody knows when nobody watched', () => {
    expect(terminationOf(undefined)).toMatchObject({ reason: 'UNWATCHED' });
    expect(terminationOf(undefined)).not.toHaveProperty('exitStatus');
  });

  it('shows exit codes and signals as a shell does', () => {
    expect(shellStatus({ exitCode: 3 })).toBe(3);
    expect(shellStatus({ signal: 'SIGTERM' })).toBe(143);
  });

  it.each([
    ['KILL', 'SIGKILL'],
    ['sigterm', 'SIGTERM'],
    ['2', 'SIGINT'],
    ['SIGNOPE', undefined],
    ['0', undefined],
    ['constructor', undefined],
  ])('reads the signal %s', (text, expected) => {
    expect(parseSignal(text)).toBe(expected);
  });

  it('tells a missing command from one that cannot be executed and from our own failures', () => {
    expect(exitStatusOfFailure(new ContainerizerError('COMMAND_NOT_FOUND', ''))).toBe(127);
    expect(exitStatusOfFailure(new ContainerizerError('COMMAND_NOT_EXECUTABLE', ''))).toBe(126);
    expect(exitStatusOfFailure(new Error('anything'))).toBe(125);
  });
});
