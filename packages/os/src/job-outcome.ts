import { JobError } from './ports/job-error.js';

/** What the pool's worker is told: where the job's module is, and its input. */
export interface JobCall {
  readonly module: string;
  readonly input: unknown;
}

/** How a job ended, as plain data: errors lose their own fields on the way between threads. */
export type JobOutcome =
  { readonly ok: true; readonly value: unknown } | { readonly ok: false; readonly error: DescribedError };

interface DescribedError {
  readonly code: string;
  readonly message: string;
  readonly details: Readonly<Record<string, unknown>>;
  readonly stack: string;
}

/** Makes plain data of whatever a job threw. */
export function describeError(thrown: unknown): DescribedError {
  if (!(thrown instanceof Error))
    return { code: 'JOB_FAILED', message: String(thrown), details: {}, stack: '' };
  const { code, details, name: _name, cause: _cause, ...fields } = thrown as Error & Record<string, unknown>;
  return {
    code: typeof code === 'string' ? code : 'JOB_FAILED',
    message: thrown.message,
    details: plain(details ?? fields),
    stack: thrown.stack ?? '',
  };
}

/** The JobError of a described error, with the stack of the thread that threw it. */
export function jobError({ code, message, details, stack }: DescribedError): JobError {
  const error = new JobError(code, message, details);
  error.stack = `${error.stack ?? ''}\n  in a worker thread: ${stack}`;
  return error;
}

function plain(details: unknown): Readonly<Record<string, unknown>> {
  try {
    return structuredClone(details) as Record<string, unknown>;
  } catch {
    return {}; // The code and message must arrive, whatever else hangs on the error.
  }
}
