import { resolveUser } from '@keelson/containerizer';
import { fc, it as property } from '@fast-check/vitest';
import { describe, expect, it } from 'vitest';

const passwd = [
  'root:x:0:0:root:/root:/bin/sh',
  'app:x:1000:1001:,,,:/home/app:/bin/sh',
  'broken line',
  'huge:x:4294967296:0::/:/bin/sh',
  '2000:x:3000:3000::/named-like-a-number:/bin/sh',
].join('\n');
const group = [
  'root:x:0:',
  'app:x:1001:',
  'docker:x:500:app,other',
  'audio:x:501:app',
  'own:x:1001:app',
].join('\n');

const unknown = expect.objectContaining({ code: 'USER_UNKNOWN' }) as Error;

describe('resolveUser', () => {
  it.each([
    ['nothing asked for is root', undefined, { uid: 0, gid: 0, additionalGids: [], home: '/root' }],
    [
      'a name, with the groups it is a member of',
      'app',
      { uid: 1000, gid: 1001, additionalGids: [500, 501], home: '/home/app' },
    ],
    [
      'a number in the file is that user',
      '1000',
      { uid: 1000, gid: 1001, additionalGids: [500, 501], home: '/home/app' },
    ],
    ['a number need not be in the file', '4242', { uid: 4242, gid: 0, additionalGids: [], home: '/' }],
    [
      'a name and a group name, without supplementary groups',
      'app:docker',
      { uid: 1000, gid: 500, additionalGids: [], home: '/home/app' },
    ],
    ['numbers alone', '7:8', { uid: 7, gid: 8, additionalGids: [], home: '/' }],
    [
      'an empty group is the primary one',
      'app:',
      { uid: 1000, gid: 1001, additionalGids: [500, 501], home: '/home/app' },
    ],
    ['a group alone is for root', ':docker', { uid: 0, gid: 500, additionalGids: [], home: '/root' }],
    [
      'a name wins over the number it looks like',
      '2000',
      { uid: 3000, gid: 3000, additionalGids: [], home: '/named-like-a-number' },
    ],
  ])('%s', (_what, wanted, expected) => {
    expect(resolveUser(wanted, passwd, group)).toEqual(expected);
  });

  it.each([
    'nobody-here',
    'app:nogroup',
    'huge',
    '4294967295',
    '2147483648',
    '-1',
    '+5',
    '0x10',
    '1e3',
    '12345678901',
  ])('refuses %j', (wanted) => {
    expect(() => resolveUser(wanted, passwd, group)).toThrow(unknown);
  });

  it('takes an image without user files as one that has root alone', () => {
    expect(resolveUser(undefined, '', '')).toEqual({ uid: 0, gid: 0, additionalGids: [], home: '/' });
    expect(() => resolveUser('root', '', '')).toThrow(unknown);
  });

  property.prop([fc.string(), fc.string(), fc.string()])(
    'answers bounded ids or refuses, whatever the files hold',
    (wanted, a, b) => {
      let user;
      try {
        user = resolveUser(wanted, a, b);
      } catch (error) {
        expect(error).toMatchObject({ code: 'USER_UNKNOWN' });
        return;
      }
      for (const id of [user.uid, user.gid, ...user.additionalGids])
        expect(id >= 0 && id < 2 ** 31).toBe(true);
    },
  );
});
