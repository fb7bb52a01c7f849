import { describe, expect, it } from 'vitest';
import { keepKindOf } from '../src/keep-reason.js';
import { standsOn, pullNeeds, usedBy } from '../src/roots.js';

describe('why a prune leaves something', () => {
  it.each([
    [usedBy('container web'), 'in_use'],
    [standsOn, 'in_use'],
    ['in use by pull of alpine', 'leased'],
    [pullNeeds, 'leased'],
    ['pinned', 'pinned'],
    ['excluded as mysql', 'excluded'],
    ['it was last used 2026-01-01T00:00:00.000Z: that is within the minimum age', 'min_age'],
    ['enough is free without it: others were used less recently', 'not_needed'],
    ['removing it would free nothing: others need all of its layers', 'not_needed'],
    ['layer of docker.io/library/alpine:3.20', 'child'],
    ['it was used or pulled again since', 'changed'],
  ])('is counted by its kind: %s', (why, kind) => {
    expect(keepKindOf(why)).toBe(kind);
  });
});
