import { ImageError, parseImageConfig } from '@keelson/image';
import { describe, expect, it } from 'vitest';

const diffId = `sha256:${'d'.repeat(64)}`;
const parse = (value: unknown) => parseImageConfig(Buffer.from(JSON.stringify(value)));
const minimal = { os: 'linux', architecture: 'amd64', rootfs: { type: 'layers', diff_ids: [diffId] } };

describe('an image configuration', () => {
  it('is read whole', () => {
    const config = parse({
      ...minimal,
      architecture: 'arm',
      variant: 'v6',
      created: '2024-01-02T03:04:05Z',
      config: {
        Env: ['PATH=/bin'],
        Entrypoint: ['/entry'],
        Cmd: ['a', 'b'],
        WorkingDir: '/srv',
        User: 'www:www',
        Volumes: { '/data': {} },
        ExposedPorts: { '80/tcp': {} },
        Labels: { a: 'b', ['__proto__']: 'c' },
        StopSignal: 'SIGQUIT',
      },
    });
    expect(config).toEqual({
      os: 'linux',
      architecture: 'arm',
      variant: 'v6',
      created: '2024-01-02T03:04:05Z',
      env: ['PATH=/bin'],
      entrypoint: ['/entry'],
      cmd: ['a', 'b'],
      workingDirectory: '/srv',
      user: 'www:www',
      volumes: ['/data'],
      exposedPorts: ['80/tcp'],
      labels: JSON.parse('{"a":"b","__proto__":"c"}'),
      stopSignal: 'SIGQUIT',
      diffIds: [diffId],
    });
  });

  it('survives JSON', () => {
    const config = parse(minimal);
    expect(JSON.parse(JSON.stringify(config))).toEqual(config);
  });

  it('may say nothing but its platform and layers, with Go nulls for the rest', () => {
    const nulls = { Env: null, Cmd: null, Entrypoint: null, Volumes: null, Labels: null, ExposedPorts: null };
    const empty = {
      env: [],
      entrypoint: [],
      cmd: [],
      workingDirectory: '',
      user: '',
      volumes: [],
      exposedPorts: [],
      labels: {},
    };
    expect(parse({ ...minimal, config: nulls })).toEqual({
      os: 'linux',
      architecture: 'amd64',
      ...empty,
      diffIds: [diffId],
    });
    expect(parse(minimal)).toEqual(parse({ ...minimal, config: nulls }));
  });

  it.each([
    ['no rootfs', { ...minimal, rootfs: undefined }],
    ['another rootfs type', { ...minimal, rootfs: { type: 'disk', diff_ids: [] } }],
    ['a diff id that is none', { ...minimal, rootfs: { type: 'layers', diff_ids: ['../x'] } }],
    ['no platform', { rootfs: minimal.rootfs }],
    ['an environment that is no list', { ...minimal, config: { Env: 'PATH=/' } }],
    ['a number for an argument', { ...minimal, config: { Cmd: [1] } }],
    ['a NUL in an argument', { ...minimal, config: { Cmd: ['a\0b'] } }],
    ['labels that are no strings', { ...minimal, config: { Labels: { a: 1 } } }],
  ])('is refused with %s', (_, value) => {
    expect(() => parse(value)).toThrow(
      expect.objectContaining({ name: ImageError.name, code: 'INVALID_CONFIG' }),
    );
  });
});
