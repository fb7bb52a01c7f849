import { describeError, type JobCall, type JobOutcome } from './job-outcome.js';

/** After this long no further job of the same hand is begun: others may be waiting for the thread by now. */
const enoughMs = 20;

/**
 * Entry of every thread of the pool: runs the default export of each job's module, one after the other. Answers as
 * many outcomes as it ran jobs, at least one. Never throws.
 */
export default async function runJobs(
  calls: readonly JobCall[],
  nowMs: () => number = () => performance.now(),
): Promise<readonly JobOutcome[]> {
  const startedAtMs = nowMs();
  const outcomes: JobOutcome[] = [];
  for (const call of calls) {
    outcomes.push(await runJob(call));
    if (nowMs() - startedAtMs > enoughMs) break;
  }
  return outcomes;
}

async function runJob({ module, input }: JobCall): Promise<JobOutcome> {
  try {
    const { default: job } = (await import(module)) as { default: (input: unknown) => unknown };
    return { ok: true, value: await job(input) };
  } catch (error) {
    return { ok: false, error: describeError(error) };
  }
}
