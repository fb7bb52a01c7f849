/** What scripts read about a failure: `{"error":{…}}` on stdout with `--json`. */
export interface FailureDocument {
  readonly code: string;
  readonly message: string;
  readonly cause: FailureDocument | null;
}

const maxCauses = 8;

/** A failure as plain data. An error without a code is a bug of ours, and says so: `INTERNAL`. */
export function describeFailure(error: unknown, depth = 0): FailureDocument {
  const { message, code, cause } = (error instanceof Error ? error : new Error(String(error))) as Error & {
    code?: unknown;
  };
  const inner =
    cause === undefined || cause === null || depth >= maxCauses ? null : describeFailure(cause, depth + 1);
  return { code: typeof code === 'string' && code !== '' ? code : 'INTERNAL', message, cause: inner };
}

/** The one line people see. Line breaks would make it two. */
export function failureLine({ code, message }: Pick<FailureDocument, 'code' | 'message'>): string {
  return `keelson: ${code}: ${message.replace(/\s*\n\s*/g, ' ')}`;
}
