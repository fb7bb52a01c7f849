import { ancestorsOf, isContainerId, parentOf, relativePathOf, rootOf } from '@keelson/provisioner';
import { describe, expect, it } from 'vitest';

describe('container ids', () => {
  it('are values joined by dots', () => {
    expect(['web', 'web.debug', 'A-1_b'].every(isContainerId)).toBe(true);
    expect(['', '.', 'web.', '.web', '-web', 'we/b', '..', 'a'.repeat(129)].some(isContainerId)).toBe(false);
    expect(isContainerId(Array(32).fill('a').join('.'))).toBe(true);
    expect(isContainerId(Array(33).fill('a').join('.'))).toBe(false);
  });

  it('know what they are nested in', () => {
    expect(parentOf('web.a.b')).toBe('web.a');
    expect(parentOf('web')).toBeUndefined();
    expect(rootOf('web.a.b')).toBe('web');
    expect(ancestorsOf('web.a.b')).toEqual(['web.a', 'web']);
    expect(relativePathOf('web.a')).toBe('web/containers/a');
  });
});
