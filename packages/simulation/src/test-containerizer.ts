import type {
  ContainerConfig,
  ContainerInfo,
  ContainerTermination,
  LaunchResult,
} from '@keelson/containerizer';
import { Containerizer, ContainerizerError } from '@keelson/containerizer';
import { Deferred, Future } from '@keelson/process';
import type { ContainerId, ImageName } from '@keelson/provisioner';
import type { PruneReport } from '@keelson/store';
import { emptyPruneReport } from '@keelson/store';

/** A request a {@link TestContainerizer} got, in order of arrival. */
export interface RecordedCall {
  readonly method: string;
  readonly arguments: readonly unknown[];
}

/** What a request is answered with: a value, an error, or a gate the test opens later. */
export type FixedAnswer<T> = T | Error | Deferred<T>;

/** The answers a test fixes in advance; what is left out succeeds and does nothing. */
export interface TestContainerizerAnswers {
  launch?: FixedAnswer<LaunchResult>;
  wait?: FixedAnswer<ContainerTermination | undefined>;
  destroy?: FixedAnswer<ContainerTermination | undefined>;
  kill?: FixedAnswer<boolean>;
  containers?: FixedAnswer<readonly ContainerInfo[]>;
  pruneImages?: FixedAnswer<PruneReport>;
  recover?: FixedAnswer<void>;
}

/**
 * A containerizer for tests: fixed answers, a record of what it was asked, and gates.
 *
 * @example
 * const gate = new Deferred<LaunchResult>();
 * const inner = new TestContainerizer({ launch: gate });
 * // … the launch under test hangs here …
 * gate.set('SUCCESS');
 */
export class TestContainerizer extends Containerizer<TestContainerizer> {
  /** Change it between requests to change what the next one is answered with. */
  readonly answers: TestContainerizerAnswers;
  readonly #calls: RecordedCall[] = [];

  constructor(answers: TestContainerizerAnswers = {}, id = 'test-containerizer') {
    super(id);
    this.answers = { ...answers };
  }

  /** Everything it was asked so far. */
  get calls(): readonly RecordedCall[] {
    return this.#calls;
  }

  /** How often `method` was asked for. */
  countOf(method: string): number {
    return this.#calls.filter((call) => call.method === method).length;
  }

  recover(): Future<void> {
    return this.#answer('recover', [], this.answers.recover, undefined);
  }

  launch(id: ContainerId, config: ContainerConfig): Future<LaunchResult> {
    return this.#answer('launch', [id, config], this.answers.launch, 'SUCCESS');
  }

  wait(id: ContainerId): Future<ContainerTermination | undefined> {
    return this.#answer('wait', [id], this.answers.wait, undefined);
  }

  destroy(id: ContainerId): Future<ContainerTermination | undefined> {
    return this.#answer('destroy', [id], this.answers.destroy, undefined);
  }

  override kill(id: ContainerId, signal: string): Future<boolean> {
    return this.#answer('kill', [id, signal], this.answers.kill, false);
  }

  containers(): Future<readonly ContainerInfo[]> {
    return this.#answer('containers', [], this.answers.containers, []);
  }

  status(id: ContainerId): Future<ContainerInfo> {
    return this.containers().then((all) => {
      const found = all.find((info) => info.id === id);
      if (found === undefined) throw new ContainerizerError('NO_SUCH_CONTAINER', `there is no container ${id}`);
      return found;
    });
  }

  override pruneImages(excluded: readonly ImageName[]): Future<PruneReport> {
    return this.#answer('pruneImages', [excluded], this.answers.pruneImages, emptyPruneReport());
  }

  #answer<T>(method: string, given: readonly unknown[], fixed: FixedAnswer<T> | undefined, standard: T): Future<T> {
    this.#calls.push({ method, arguments: given });
    if (fixed instanceof Error) return Future.failed(fixed);
    if (fixed instanceof Deferred) return fixed.future as Future<T>;
    return Future.ready(fixed === undefined ? standard : (fixed as T));
  }
}
