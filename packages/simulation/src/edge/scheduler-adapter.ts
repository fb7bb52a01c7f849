import type { Dispatcher, ReadyItem } from '@keelson/process';
import type * as fc from 'fast-check';
import { ChoiceQueue } from './choice-queue.js';
import { microtasks } from './microtasks.js';

type Kind = fc.SchedulerReportItem['schedulingType'];
type Status = fc.SchedulerReportItem['status'];

/** Something that waits to be chosen, or was. */
class Task<M> implements ReadyItem {
  readonly kind = 'completion';
  readonly cause = 0;
  status: Status = 'pending';
  output: string | undefined = undefined;

  constructor(
    readonly id: number,
    readonly type: Kind,
    readonly label: string,
    readonly metadata: M | undefined,
    /** Lets it through; over once its answer was heard. */
    readonly run: () => Promise<void>,
  ) {}

  get report(): fc.SchedulerReportItem<M> {
    const { id, type, label, metadata, status, output } = this;
    return {
      taskId: id,
      schedulingType: type,
      label,
      status,
      ...(metadata !== undefined && { metadata }),
      ...(output !== undefined && { outputValue: output }),
    };
  }
}

interface Sequence {
  done: boolean;
  faulty: boolean;
  readonly task: Promise<{ done: boolean; faulty: boolean }>;
}

/** Runs what it is given as it is. */
const plainly: fc.SchedulerAct = (f) => f();

/**
 * fast-check's `Scheduler` over a `Dispatcher` of ours: tests written for `fc.scheduler()`, and
 * `fc.scheduledModelRun`, run on it unchanged. What that adds: orders that shrink to the choice that matters and
 * are replayed from a plain array, every strategy of this package, and chains of microtasks of any depth between
 * two choices.
 *
 * What is chosen begins, and is waited for, as there: a task that waits for another scheduled one must not be
 * scheduled itself. `EdgeScheduler` has no such rule.
 */
export class SchedulerAdapter<M = unknown> implements fc.Scheduler<M> {
  readonly #queue: ChoiceQueue<Task<M>>;
  readonly #over: Task<M>[] = [];
  #lastId = 0;

  /**
   * @param act  goes around each choice, for frameworks that want to know (`act` of React)
   */
  constructor(
    dispatcher: Dispatcher,
    private readonly act: fc.SchedulerAct = plainly,
  ) {
    this.#queue = new ChoiceQueue(dispatcher);
  }

  readonly schedule = <T>(task: Promise<T>, label = '', metadata?: M, act = plainly): Promise<T> =>
    this.#enter('promise', label, metadata, act, () => task, task);

  readonly scheduleFunction =
    <A extends unknown[], T>(f: (...args: A) => Promise<T>, act = plainly): ((...args: A) => Promise<T>) =>
    (...args) => {
      const task = f(...args);
      return this.#enter('function', `${f.name}(${args.map(shown).join(',')})`, undefined, act, () => task, task);
    };

  scheduleSequence(items: fc.SchedulerSequenceItem<M>[], act = plainly): Sequence {
    const status = { done: false, faulty: false };
    const inOrder = async (): Promise<{ done: boolean; faulty: boolean }> => {
      try {
        // One at a time: the next one can be chosen once the one before has answered.
        for (const item of items) await this.#enterItem(item, act);
        status.done = true;
      } catch {
        status.faulty = true;
      }
      return { done: status.done, faulty: status.faulty };
    };
    return Object.assign(status, { task: inOrder() });
  }

  count(): number {
    return this.#queue.waiting.length;
  }

  readonly waitOne = async (act = plainly): Promise<void> => {
    await this.act(() => act(() => this.#letOneThrough()));
  };

  readonly waitAll = async (act = plainly): Promise<void> => {
    while (this.count() > 0) await this.waitOne(act);
  };

  readonly waitIdle = async (act = plainly): Promise<void> => {
    await microtasks();
    await this.waitAll(act);
  };

  readonly waitNext = async (count: number, act = plainly): Promise<void> => {
    for (let left = count; left > 0; left -= 1) {
      while (this.count() === 0) await this.#queue.arrival();
      await this.waitOne(act);
    }
  };

  readonly waitFor = <T>(promise: Promise<T>, act = plainly): Promise<T> =>
    this.#queue.until(promise, () => (this.count() > 0 ? this.waitOne(act) : this.#queue.arrival()));

  readonly report = (): fc.SchedulerReportItem<M>[] =>
    [...this.#over, ...this.#queue.waiting].map((task) => task.report);

  /** What ran, in order, and what still waits: what fast-check prints of a failing run. */
  toString(): string {
    const lines = this.report().map(({ taskId, schedulingType, label, status, outputValue: value }) => {
      const outcome = value === undefined ? status : `${status}: ${value}`;
      return `-> [task ${taskId}] ${schedulingType} ${label || '(no label)'} ${outcome}`;
    });
    return ['Scheduler', ...lines].join('\n');
  }

  #enterItem(item: fc.SchedulerSequenceItem<M>, act: fc.SchedulerAct): Promise<unknown> {
    const builder = (typeof item === 'function' ? item : item.builder) as () => Promise<unknown>;
    if (typeof item === 'function') return this.#enter('sequence', item.name, undefined, act, builder);
    return this.#enter('sequence', item.label, item.metadata, act, builder);
  }

  /**
   * @param begin  makes what is waited for, once it is chosen
   * @param begun  that itself, where it runs already: it may fail before it is chosen
   */
  #enter<T>(
    type: Kind,
    label: string,
    metadata: M | undefined,
    act: fc.SchedulerAct,
    begin: () => Promise<T>,
    begun?: Promise<T>,
  ): Promise<T> {
    begun?.catch(() => {});
    return new Promise<T>((resolve, reject) => {
      const hear = async (): Promise<void> => {
        try {
          const value = await begin();
          end(task, 'resolved', value);
          resolve(value);
        } catch (error) {
          end(task, 'rejected', error);
          reject(error as Error);
        }
      };
      this.#lastId += 1;
      const task: Task<M> = new Task(this.#lastId, type, label, metadata, () => act(hear));
      this.#queue.add(task);
    });
  }

  async #letOneThrough(): Promise<void> {
    if (this.count() === 0) throw new Error('No task scheduled');
    const chosen = this.#queue.take();
    this.#over.push(chosen);
    await chosen.run();
    await microtasks();
  }
}

function end(task: { status: Status; output: string | undefined }, status: Status, value: unknown): void {
  task.status = status;
  if (value !== undefined) task.output = shown(value);
}

function shown(value: unknown): string {
  if (value instanceof Error) return `${value.name}: ${value.message}`;
  return typeof value === 'object' || typeof value === 'string' ? JSON.stringify(value) : String(value);
}
