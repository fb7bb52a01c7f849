import { describe, expect, it } from 'vitest';
import { absoluteSource } from '../src/absolute-source.js';

describe('a local image', () => {
  it.each([
    ['oci:./layout:app', 'oci:/home/me/layout:app'],
    ['docker-archive:image.tar', 'docker-archive:/home/me/image.tar'],
    ['oci:/abs:app', 'oci:/abs:app'],
    ['alpine:3.20', 'alpine:3.20'],
    ['localhost:5000/app', 'localhost:5000/app'],
  ])('%s is %s', (named, meant) => {
    expect(absoluteSource(named, '/home/me')).toBe(meant);
  });
});
