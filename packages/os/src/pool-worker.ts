import { describeError, type JobCall, type JobOutcome } from './job-outcome.js';

/** Entry of every thread of the pool: runs the default export of the job's module. Never throws. */
export default async function runJob({ module, input }: JobCall): Promise<JobOutcome> {
  try {
    const { default: job } = (await import(module)) as { default: (input: unknown) => unknown };
    return { ok: true, value: await job(input) };
  } catch (error) {
    return { ok: false, error: describeError(error) };
  }
}
