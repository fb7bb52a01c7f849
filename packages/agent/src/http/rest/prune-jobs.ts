import type { PruneReport } from '@keelson/store';
import { ContainerizerError } from '@keelson/containerizer';
import type { Agent } from '../../agent.js';
import type { PruneOptions } from '../../prune-options.js';
import { AgentError } from '../../agent-error.js';

/** A prune that was asked for, as it stands. Times are ISO 8601 UTC. */
export interface PruneJob {
  readonly id: string;
  readonly state: 'RUNNING' | 'DONE' | 'FAILED';
  readonly exclude: readonly string[];
  readonly startedAt: string;
  readonly endedAt: string | null;
  /** Of a job that failed in part: what was done all the same. */
  readonly report: PruneReport | null;
  readonly error: { readonly code: string; readonly message: string } | null;
}

/** Jobs that have ended are told of until this many came after them. */
const keptJobs = 64;

/** Prunes that answer at once and go on by themselves. */
export class PruneJobs {
  readonly #jobs = new Map<string, PruneJob>();
  /** By what was asked for. */
  readonly #running = new Map<string, string>();
  #made = 0;

  constructor(private readonly agent: Pick<Agent, 'pruneImages'>) {}

  /** Begins a prune; one with the same exclusions that is under way is joined. */
  start(options: PruneOptions): PruneJob {
    const { exclude = [], apply = '', wait = false } = options;
    const key = JSON.stringify([exclude.toSorted(), apply, wait]);
    const running = this.#running.get(key);
    if (running !== undefined) return this.get(running);

    this.#made += 1;
    const id = String(this.#made);
    const begun = { id, exclude, startedAt: new Date().toISOString() };
    this.#running.set(key, id);
    this.#jobs.set(id, { ...begun, state: 'RUNNING', endedAt: null, report: null, error: null });
    this.agent.pruneImages(options).onAny((ended) => {
      this.#running.delete(key);
      const endedAt = new Date().toISOString();
      const told = ended.isReady() ? { report: ended.get(), error: null } : failureOf(ended);
      this.#jobs.set(id, { ...begun, ...told, state: told.error ? 'FAILED' : 'DONE', endedAt });
      this.#forgetOld();
    });
    return this.get(id);
  }

  /** @throws AgentError NO_SUCH_OBJECT */
  get(id: string): PruneJob {
    const job = this.#jobs.get(id);
    if (job) return job;
    throw new AgentError('NO_SUCH_OBJECT', `there is no prune ${id}, or it is long over`);
  }

  /** Newest first. */
  all(): readonly PruneJob[] {
    return [...this.#jobs.values()].toReversed();
  }

  #forgetOld(): void {
    const ended = [...this.#jobs.values()].filter(({ state }) => state !== 'RUNNING');
    for (const { id } of ended.slice(0, -keptJobs)) this.#jobs.delete(id);
  }
}

function failureOf(ended: { isFailed(): boolean; failure(): Error }): Pick<PruneJob, 'report' | 'error'> {
  const error = ended.isFailed() ? ended.failure() : new Error('the agent was closed before it was over');
  const { code } = error as { code?: unknown };
  const report = error instanceof ContainerizerError ? (error.partial?.report ?? null) : null;
  return { report, error: { code: typeof code === 'string' ? code : 'INTERNAL', message: error.message } };
}
