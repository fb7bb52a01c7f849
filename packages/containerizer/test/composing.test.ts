import type {
  ContainerInfo,
  Containerizer,
  ContainerTermination,
  LaunchResult,
} from '@keelson/containerizer';
import {
  ComposingContainerizer,
  containerConfig,
  ContainerizerError,
} from '@keelson/containerizer';
import type { PID } from '@keelson/process';
import { Deferred, Future, Runtime, VirtualClock } from '@keelson/process';
import type { PruneReport } from '@keelson/store';
import { emptyPruneReport } from '@keelson/store';
import { describe, expect, it } from 'vitest';

/** A containerizer that notes what it is asked and answers what the test says. */
class FakeContainerizer {
  readonly calls: string[] = [];
  readonly known = new Map<string, ContainerInfo>();
  launchAnswer: Future<LaunchResult> = Future.ready('SUCCESS');
  pruneAnswer: Future<PruneReport> = Future.ready(emptyPruneReport());
  readonly terminations = new Map<string, Deferred<ContainerTermination | undefined>>();

  constructor(readonly id: string) {}

  recover(): Future<void> {
    this.calls.push('recover');
    return Future.ready(undefined);
  }

  launch(id: string): Future<LaunchResult> {
    this.calls.push(`launch ${id}`);
    return this.launchAnswer.then((result) => {
      if (result === 'SUCCESS') this.known.set(id, { id, state: 'RUNNING' });
      return result;
    });
  }

  wait(id: string): Future<ContainerTermination | undefined> {
    this.calls.push(`wait ${id}`);
    return this.terminations.get(id)?.future ?? Future.ready(undefined);
  }

  destroy(id: string): Future<ContainerTermination | undefined> {
    this.calls.push(`destroy ${id}`);
    return Future.ready(this.known.has(id) ? { exitStatus: 137 } : undefined);
  }

  kill(id: string, signal: string): Future<boolean> {
    this.calls.push(`kill ${id} ${signal}`);
    return Future.ready(true);
  }

  containers(): Future<readonly ContainerInfo[]> {
    return Future.ready([...this.known.values()]);
  }

  status(id: string): Future<ContainerInfo> {
    const info = this.known.get(id);
    return info ? Future.ready(info) : Future.failed(new ContainerizerError('NO_SUCH_CONTAINER', id));
  }

  processOf(): Future<undefined> {
    return Future.ready(undefined);
  }

  remove(id: string): Future<void> {
    this.calls.push(`remove ${id}`);
    this.known.delete(id);
    return Future.ready(undefined);
  }

  pruneImages(): Future<PruneReport> {
    this.calls.push('prune');
    return this.pruneAnswer;
  }
}

function world() {
  const runtime = new Runtime({ clock: new VirtualClock() });
  const [first, second] = [new FakeContainerizer('first'), new FakeContainerizer('second')];
  const pids = [first, second].map((each) => ({
    name: each.id,
    containerizer: each as unknown as PID<Containerizer>,
  }));
  const composing = runtime.spawn(new ComposingContainerizer(pids));
  const run = <T>(future: Future<T>): Future<T> => {
    runtime.settle();
    return future;
  };
  const launch = (id: string) => run(composing.launch(id, containerConfig({})));
  return { runtime, first, second, composing, run, launch };
}

const report = (removed: string): PruneReport => ({
  ...emptyPruneReport(),
  removed: { images: [], layers: [{ id: removed, sizeBytes: 1 }] },
});

describe('composing: launching', () => {
  it('offers a container to each in order until one takes it, then sends everything about it there', () => {
    const { first, second, composing, run, launch } = world();
    first.launchAnswer = Future.ready('NOT_SUPPORTED');

    expect(launch('web').get()).toBe('SUCCESS');
    run(composing.kill('web', 'SIGHUP'));
    run(composing.wait('web'));
    run(composing.destroy('web'));

    expect(first.calls).toEqual(['launch web']);
    expect(second.calls).toEqual(['launch web', 'kill web SIGHUP', 'wait web', 'destroy web']);
  });

  it('answers ALREADY_LAUNCHED while and after it launches', () => {
    const { first, launch } = world();
    const pending = new Deferred<LaunchResult>();
    first.launchAnswer = pending.future;

    launch('web');
    expect(launch('web').get()).toBe('ALREADY_LAUNCHED');
    expect(first.calls).toEqual(['launch web']);
  });

  it('answers NOT_SUPPORTED and forgets the container when nobody takes it', () => {
    const { first, second, composing, run, launch } = world();
    first.launchAnswer = second.launchAnswer = Future.ready('NOT_SUPPORTED');

    expect(launch('web').get()).toBe('NOT_SUPPORTED');
    expect(run(composing.containers()).get()).toEqual([]);
    expect(launch('web').get()).toBe('NOT_SUPPORTED');
  });

  it('passes a failure on without asking the next, and forgets what left nothing behind', () => {
    const { first, second, launch } = world();
    first.launchAnswer = Future.failed(new ContainerizerError('LAUNCH_FAILED', 'no'));

    expect(launch('web').failure()).toMatchObject({ code: 'LAUNCH_FAILED' });
    expect(second.calls).toEqual([]);
    first.launchAnswer = Future.ready('SUCCESS');
    expect(launch('web').get()).toBe('SUCCESS');
  });

  it('asks nobody else for a container destroyed while an unsupporting one was asked', () => {
    const { first, second, composing, run, launch } = world();
    const pending = new Deferred<LaunchResult>();
    first.launchAnswer = pending.future;
    const launched = launch('web');

    const destroyed = run(composing.destroy('web'));
    pending.set('NOT_SUPPORTED');
    run(launched);

    expect(launched.failure()).toMatchObject({ code: 'CONTAINER_DESTROYED' });
    expect(destroyed.get()).toBeUndefined();
    expect(second.calls).toEqual([]);
    expect(run(composing.containers()).get()).toEqual([]);
  });

  it('lets the one that supports it decide about a container destroyed meanwhile', () => {
    const { first, composing, run, launch } = world();
    const pending = new Deferred<LaunchResult>();
    first.launchAnswer = pending.future;
    const launched = launch('web');
    first.known.set('web', { id: 'web', state: 'STARTING' });

    const destroyed = run(composing.destroy('web'));
    pending.set('SUCCESS');
    run(launched);

    expect(launched.get()).toBe('SUCCESS');
    expect(destroyed.get()).toEqual({ exitStatus: 137 });
  });

  it('answers NOT_SUPPORTED, not a failure, when the last one was asked before the destroy', () => {
    const { first, second, composing, run, launch } = world();
    first.launchAnswer = Future.ready('NOT_SUPPORTED');
    const pending = new Deferred<LaunchResult>();
    second.launchAnswer = pending.future;
    const launched = launch('web');

    const destroyed = run(composing.destroy('web'));
    pending.set('NOT_SUPPORTED');
    run(launched);

    expect(launched.get()).toBe('NOT_SUPPORTED');
    expect(destroyed.get()).toBeUndefined();
  });

  it('sends a nested container where its root is, and leaves no half-made entry when there is none (T21)', () => {
    const { first, second, launch, composing, run } = world();
    first.launchAnswer = Future.ready('NOT_SUPPORTED');
    launch('web');

    expect(launch('web.debug').get()).toBe('SUCCESS');
    expect(second.calls).toContain('launch web.debug');
    expect(first.calls).toEqual(['launch web']);

    expect(launch('nobody.debug').failure()).toMatchObject({ code: 'PARENT_UNUSABLE' });
    expect(
      run(composing.containers())
        .get()
        .map(({ id }) => id),
    ).toEqual(['web', 'web.debug']);
  });

  it('lists a container that is being offered around', () => {
    const { first, composing, run, launch } = world();
    first.launchAnswer = new Deferred<LaunchResult>().future;
    launch('web');

    expect(run(composing.containers()).get()).toEqual([{ id: 'web', state: 'STARTING' }]);
  });
});

describe('composing: the other requests', () => {
  it('takes up what each recovered', () => {
    const { second, composing, run } = world();
    second.known.set('old', { id: 'old', state: 'RUNNING' });

    run(composing.recover());

    expect(run(composing.kill('old', 'SIGTERM')).get()).toBe(true);
    expect(second.calls).toEqual(['recover', 'kill old SIGTERM']);
  });

  it('knows nothing of unknown containers', () => {
    const { composing, run } = world();
    expect(run(composing.destroy('x')).get()).toBeUndefined();
    expect(run(composing.wait('x')).get()).toBeUndefined();
    expect(run(composing.kill('x', 'SIGTERM')).get()).toBe(false);
    expect(run(composing.status('x')).failure()).toMatchObject({ code: 'NO_SUCH_CONTAINER' });
    expect(run(composing.remove('x')).isReady()).toBe(true);
  });

  it('asks the owner of the root about a nested container it does not know', () => {
    const { first, composing, run, launch } = world();
    launch('web');
    run(composing.wait('web.dead'));
    expect(first.calls).toContain('wait web.dead');
  });

  it('lets no discarded wait reach the owner (MESOS-7926)', () => {
    const { first, composing, run, launch } = world();
    launch('web');
    const termination = new Deferred<ContainerTermination | undefined>();
    first.terminations.set('web', termination);

    run(composing.wait('web')).discard();
    const second = run(composing.wait('web'));
    termination.set({ exitStatus: 0 });
    run(second);

    expect(termination.future.hasDiscard()).toBe(false);
    expect(second.get()).toEqual({ exitStatus: 0 });
  });

  it('keeps an ended container for as long as its owner does, and forgets it with what is nested in it', () => {
    const { first, composing, run, launch } = world();
    launch('web');
    launch('web.debug');
    run(composing.destroy('web'));
    expect(run(composing.status('web')).isReady()).toBe(true);

    run(composing.remove('web'));
    first.known.clear();

    expect(launch('web').get()).toBe('SUCCESS');
    expect(launch('web.debug').get()).toBe('SUCCESS');
  });
});

describe('composing: pruning images', () => {
  it('asks every containerizer in parallel and joins their reports', () => {
    const { first, second, composing, run } = world();
    const slow = new Deferred<PruneReport>();
    first.pruneAnswer = slow.future;
    second.pruneAnswer = Future.ready(report('b'));

    const pruned = run(composing.pruneImages([]));
    expect([first.calls, second.calls]).toEqual([['prune'], ['prune']]);

    slow.set(report('a'));
    run(pruned);
    expect(pruned.get().removed.layers.map(({ id }) => id)).toEqual(['a', 'b']);
  });

  it('reports who failed when one does, while the others still prune (PRUNE_PARTIAL, T33)', () => {
    const { first, second, composing, run } = world();
    first.pruneAnswer = Future.failed(new ContainerizerError('CONTAINER_CONFIG_UNKNOWN', "container 'x'"));
    const slow = new Deferred<PruneReport>();
    second.pruneAnswer = slow.future;

    const pruned = run(composing.pruneImages([]));
    expect(pruned.isPending()).toBe(true);
    slow.set(report('b'));
    run(pruned);

    expect(pruned.failure()).toMatchObject({
      code: 'PRUNE_PARTIAL',
      message: expect.stringContaining("first: CONTAINER_CONFIG_UNKNOWN: container 'x'") as string,
      partial: {
        report: { removed: { layers: [{ id: 'b', sizeBytes: 1 }] } },
        failures: [{ who: 'first', code: 'CONTAINER_CONFIG_UNKNOWN', message: "container 'x'" }],
      },
    });
  });

  it('passes on what a partly failed one achieved', () => {
    const { first, composing, run } = world();
    const partial = { report: report('a'), failures: [{ who: 'store', code: 'EIO', message: 'disk' }] };
    first.pruneAnswer = Future.failed(new ContainerizerError('PRUNE_PARTIAL', 'some', { partial }));

    const failure = run(composing.pruneImages([])).failure();
    expect(failure).toMatchObject({
      partial: {
        report: { removed: { layers: [{ id: 'a' }] } },
        failures: [{ who: 'first/store', code: 'EIO' }],
      },
    });
  });
});
