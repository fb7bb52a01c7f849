import { traceOf } from '../determinism.js';
import { searchLock } from '../exhaustive-lock.js';
import { searchWorld } from '../exhaustive-world.js';
import { properties } from '../properties/index.js';
import { runProperty } from '../run-properties.js';

/** A part of the work of `scenarios`, small enough to be handed out among a few processes. */
export type Task =
  | { readonly kind: 'property'; readonly name: string; readonly runs: number; readonly seed: number }
  | { readonly kind: 'lock' | 'store' }
  | { readonly kind: 'traces'; readonly runs: number; readonly seed: number };

/** What came of one. */
export interface TaskResult {
  readonly task: Task;
  /** Scenarios run; 0 for other tasks. */
  readonly scenarios: number;
  readonly elapsedMs: number;
  /** Something to print, for tasks that are not about scenarios. */
  readonly line?: string;
  /** Set when it failed, with all that is needed to see it again. */
  readonly broken?: string;
}

export function runTask(task: Task): TaskResult {
  const startedAtMs = performance.now();
  const result = run(task);
  return { ...result, task, elapsedMs: performance.now() - startedAtMs };
}

function run(task: Task): Omit<TaskResult, 'task' | 'elapsedMs'> {
  switch (task.kind) {
    case 'property':
      return runScenarios(task);
    case 'lock': {
      const { interleavings, assignments } = searchLock(4, 0);
      const line = `lock: ${interleavings} interleavings of 4 processes with 3 operations each, for ${assignments} choices of readers and writers: all`;
      return { scenarios: 0, line };
    }
    case 'store': {
      const { interleavings, crashes, complete } = searchWorld(10, 20_000, 2);
      const line = `store: ${interleavings} orders of the first 10 choices of 2 provisions, a destroy, a prune and its sweep, ${crashes} crashes`;
      return { scenarios: 0, line, ...(!complete && { broken: 'the search of the store is not complete' }) };
    }
    case 'traces': {
      const traces = new Set(Array.from({ length: task.runs }, () => traceOf(task.seed)));
      const line = `replay: seed ${task.seed} gave ${traces.size} trace hash in ${task.runs} runs`;
      return { scenarios: 0, line, ...(traces.size > 1 && { broken: line }) };
    }
  }
}

function runScenarios(task: Task & { kind: 'property' }): Omit<TaskResult, 'task' | 'elapsedMs'> {
  const property = properties.find(({ name }) => name === task.name);
  if (property === undefined) throw new Error(`there is no property called '${task.name}'`);
  const { runs, broken } = runProperty(property, task);
  return { scenarios: runs, ...(broken && { broken: `${task.name}\n${JSON.stringify(broken, undefined, 1)}` }) };
}
