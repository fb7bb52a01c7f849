import { Deferred, Future, Process } from '@keelson/process';
import { futureMatchers, Interceptors, settle } from '@keelson/process/testing';
import type { FutureMatchers } from '@keelson/process/testing';
import { afterEach, describe, expect, it } from 'vitest';
import { virtualRuntime } from './virtual-runtime.js';

declare module 'vitest' {
  // eslint-disable-next-line @typescript-eslint/no-empty-object-type, no-unused-vars
  interface Matchers<T> extends FutureMatchers<void> {}
}
expect.extend(futureMatchers);

class Store extends Process<Store> {
  readonly got: string[] = [];
  get(name: string): string {
    this.got.push(name);
    return name;
  }
}

describe('interceptors', () => {
  const { runtime } = virtualRuntime();
  const store = new Store();
  const pid = runtime.spawn(store);
  let intercept = new Interceptors(runtime);
  afterEach(() => {
    intercept.reset();
    intercept = new Interceptors(runtime);
    store.got.length = 0;
  });

  it('see a request before it is served', () => {
    const seen = intercept.future(pid, 'get');
    seen.onReady(() => expect(store.got).toEqual([]));
    const answer = pid.get('alpine');
    expect(seen).toBePending();
    settle(runtime);
    expect(seen).toBeReady(['alpine']);
    expect(answer).toBeReady('alpine');
  });

  it('drop one, and only one', () => {
    intercept.drop(pid, 'get');
    const [dropped, served] = [pid.get('a'), pid.get('b')];
    settle(runtime);
    expect(dropped).toBeAbandoned();
    expect(served).toBeReady('b');
  });

  it('tell of what must not be asked', () => {
    intercept.expectNone(pid, 'get');
    pid.get('a');
    settle(runtime);
    expect(() => intercept.verify()).toThrow('(1).get was requested');
  });
});

describe('matchers', () => {
  it('look at each outcome', () => {
    const discarded = new Deferred<void>();
    discarded.discard();
    const error = Object.assign(new TypeError('no such thing'), { code: 'NONE' });
    expect(Future.ready(1)).toBeReady();
    expect(Future.ready(1)).not.toBeReady(2);
    expect(discarded.future).toBeDiscarded();
    expect(Future.never()).not.toBePending();
    for (const like of ['such', /^no/, { code: 'NONE' }, TypeError]) expect(Future.failed(error)).toBeFailedWith(like);
    expect(Future.failed(error)).not.toBeFailedWith({ code: 'OTHER' });
    expect(() => expect(Future.ready(1)).toBePending()).toThrow('expected Ready to be pending');
  });
});
