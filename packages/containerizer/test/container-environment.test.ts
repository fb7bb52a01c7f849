import { containerEnvironment } from '@keelson/containerizer';
import { describe, expect, it } from 'vitest';

describe('containerEnvironment', () => {
  it('prefers the user over isolators, later isolators over earlier ones, and those over the image', () => {
    const image = ['A=image', 'B=image', 'C=image', 'D=image'];
    const isolators = [
      { B: 'first', C: 'first' },
      { C: 'second', D: 'second' },
    ];

    const environment = containerEnvironment(image, isolators, { D: 'user' }, '/root');

    expect(environment).toMatchObject({ A: 'image', B: 'first', C: 'second', D: 'user' });
  });

  it('sets PATH and HOME where nobody does, and leaves them alone where somebody does', () => {
    expect(containerEnvironment([], [], {}, '/home/app')).toEqual({
      PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
      HOME: '/home/app',
    });
    expect(containerEnvironment(['PATH=/image'], [], { HOME: '' }, '/x')).toEqual({
      PATH: '/image',
      HOME: '',
    });
  });

  it('passes nothing of our own environment on', () => {
    process.env['KEELSON_SECRET_OF_THE_AGENT'] = 'secret';
    expect(Object.keys(containerEnvironment([], [], {}, '/'))).toEqual(['PATH', 'HOME']);
    delete process.env['KEELSON_SECRET_OF_THE_AGENT'];
  });

  it('skips lines of the image without a name or a value, and keeps what follows the first =', () => {
    expect(containerEnvironment(['NOVALUE', '=x', 'E=a=b', '__proto__=p'], [], {}, '/')).toMatchObject({
      E: 'a=b',
      ['__proto__']: 'p',
    });
    expect(containerEnvironment(['NOVALUE'], [], {}, '/')).not.toHaveProperty('NOVALUE');
  });

  it.each([{ '': 'x' }, { 'A=B': 'x' }, { 'A\0': 'x' }, { A: 'x\0' }])('refuses %j', (user) => {
    expect(() => containerEnvironment([], [], user, '/')).toThrow(/cannot be set/);
  });
});
