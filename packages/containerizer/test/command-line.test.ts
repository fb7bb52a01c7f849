import { commandLine, ContainerizerError } from '@keelson/containerizer';
import { describe, expect, it } from 'vitest';

const image = { entrypoint: ['/entry', '--flag'], command: ['serve'] };

describe('commandLine', () => {
  it.each([
    [
      'an asked entrypoint drops the image entrypoint and CMD',
      { entrypoint: ['/mine'], argv: [] },
      image,
      ['/mine'],
    ],
    [
      'an asked entrypoint is followed by the arguments',
      { entrypoint: ['/mine'], argv: ['a'] },
      image,
      ['/mine', 'a'],
    ],
    [
      'arguments follow the image entrypoint and replace CMD',
      { argv: ['a', 'b'] },
      image,
      ['/entry', '--flag', 'a', 'b'],
    ],
    [
      'without arguments CMD follows the image entrypoint',
      { argv: [] },
      image,
      ['/entry', '--flag', 'serve'],
    ],
    [
      'without any entrypoint the arguments are the command',
      { argv: ['sh'] },
      { command: ['serve'] },
      ['sh'],
    ],
    ['with neither, CMD is the command', { argv: [] }, { command: ['serve'] }, ['serve']],
    ['an emptied entrypoint leaves the arguments', { entrypoint: [], argv: ['sh'] }, image, ['sh']],
  ])('%s', (_what, wanted, from, expected) => {
    expect(commandLine(wanted, from)).toEqual(expected);
  });

  it.each([
    ['no command at all', { argv: [] }, {}],
    ['an emptied entrypoint without arguments', { entrypoint: [], argv: [] }, image],
    ['an empty program name', { argv: [''] }, {}],
  ])('refuses %s', (_what, wanted, from) => {
    expect(() => commandLine(wanted, from)).toThrow(
      expect.objectContaining({ code: 'COMMAND_MISSING' }) as Error,
    );
  });

  it('refuses an argument that no process can be given', () => {
    expect(() => commandLine({ argv: ['echo', 'a\0b'] }, {})).toThrow(ContainerizerError);
  });
});
