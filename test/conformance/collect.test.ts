import { awaitAll, collect, Future } from '@keelson/process';
import { describe, expect, it } from 'vitest';
import { inHandler } from './in-handler.js';
import { pending, virtualRuntime } from './virtual-runtime.js';

const settled = <T>(make: () => Future<T>) => {
  const { runtime } = virtualRuntime();
  const future = inHandler(runtime, make);
  return { future, runtime };
};

describe('collect', () => {
  it('C01 of nothing is an empty list', () => {
    expect(settled(() => collect([])).future.get()).toEqual([]);
  });

  it('C01 answers values in the order of its inputs, whatever the order of completion', () => {
    const inputs = [pending<number>(), pending<number>(), pending<number>(), pending<number>()];
    const { future, runtime } = settled(() => collect(inputs.map((input) => input.future)));

    for (const index of [3, 1, 0]) inputs[index]?.promise.set(index);
    runtime.settle();
    expect(future.isPending()).toBe(true);

    inputs[2]?.promise.set(2);
    runtime.settle();
    expect(future.get()).toEqual([0, 1, 2, 3]);
  });

  it('C02 succeeds over values of different types', () => {
    expect(settled(() => collect([Future.ready('a'), Future.ready(2)])).future.get()).toEqual(['a', 2]);
  });

  it('C02 fails with a failed input', () => {
    const { future } = settled(() => collect([Future.ready(1), Future.failed<number>(new Error('boom'))]));
    expect(future.failure().message).toBe('Collect failed: boom');
  });

  it('C02 fails with a discarded input', () => {
    const discarded = pending<number>();
    discarded.promise.discard();
    const { future } = settled(() => collect([Future.ready(1), discarded.future]));
    expect(future.failure().message).toBe('Collect failed: future discarded');
  });

  it('C03 passes a discard on to every input and is discarded itself', () => {
    const inputs = [pending<number>(), pending<number>()];
    for (const input of inputs) input.future.onDiscard(() => input.promise.discard());
    const { future, runtime } = settled(() => collect(inputs.map((input) => input.future)));

    future.discard();
    runtime.settle();

    expect(future.isDiscarded()).toBe(true);
    expect(inputs.map((input) => input.future.isDiscarded())).toEqual([true, true]);
  });

  it('C04 is abandoned with any input, and can be recovered', () => {
    const { promise, future: input } = pending<number>();
    const { future, runtime } = settled(() => collect([Future.ready(1), input]));
    const recovered = future.recover(() => [-1, -1]);
    promise.abandon();
    runtime.settle();
    expect(future.isAbandoned()).toBe(true);
    expect(recovered.get()).toEqual([-1, -1]);
  });
});

describe('awaitAll', () => {
  it('C05 of nothing is an empty list', () => {
    expect(settled(() => awaitAll([])).future.get()).toEqual([]);
  });

  it('C05 answers its futures in order once all have completed', () => {
    const inputs = [pending<number>(), pending<number>()];
    const { future, runtime } = settled(() => awaitAll(inputs.map((input) => input.future)));
    inputs[1]?.promise.set(1);
    runtime.settle();
    expect(future.isPending()).toBe(true);
    inputs[0]?.promise.set(0);
    runtime.settle();
    expect(future.get().map((input) => input.get())).toEqual([0, 1]);
    expect(future.get()).toEqual(inputs.map((input) => input.future));
  });

  it('C06 is ready with one ready and one failed', () => {
    const { future } = settled(() => awaitAll([Future.ready(1), Future.failed<number>(new Error('boom'))]));
    expect(future.get().map(String)).toEqual(['Ready', 'Failed: boom']);
  });

  it('C07 is ready with one ready and one discarded', () => {
    const discarded = pending<number>();
    discarded.promise.discard();
    const { future } = settled(() => awaitAll([Future.ready(1), discarded.future]));
    expect(future.get().map(String)).toEqual(['Ready', 'Discarded']);
  });

  it('C08 passes a discard on to every input and is discarded itself', () => {
    const inputs = [pending<number>(), pending<number>()];
    for (const input of inputs) input.future.onDiscard(() => input.promise.discard());
    const { future, runtime } = settled(() => awaitAll(inputs.map((input) => input.future)));
    future.discard();
    runtime.settle();
    expect(future.isDiscarded()).toBe(true);
    expect(inputs.map((input) => input.future.isDiscarded())).toEqual([true, true]);
  });

  it('C09 is abandoned with any input, and can be recovered', () => {
    const inputs: Future<number>[] = [pending<number>().future, Future.never<number>()];
    const { future, runtime } = settled(() => awaitAll(inputs));
    const recovered = future.recover(() => []);
    runtime.settle();
    expect(future.isAbandoned()).toBe(true);
    expect(recovered.get()).toEqual([]);
  });

  it('C10 of one future breaks out of a producer that ignores discards', () => {
    const { future: input } = pending<number>();
    const { future, runtime } = settled(() => awaitAll([input]).then(([only]) => only?.get()));
    future.discard();
    runtime.settle();
    expect(future.isDiscarded()).toBe(true);
    expect([input.hasDiscard(), input.isPending()]).toEqual([true, true]);
  });

  it('C11 of one future is abandoned with it, through a chain, and can be recovered', () => {
    const { promise, future: input } = pending<number>();
    const { future, runtime } = settled(() => awaitAll([input]).then(([only]) => only?.get()));
    const recovered = future.recover(() => 7);
    promise.abandon();
    runtime.settle();
    expect(future.isAbandoned()).toBe(true);
    expect(recovered.get()).toBe(7);
  });
});
