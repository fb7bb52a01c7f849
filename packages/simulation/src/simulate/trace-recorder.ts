import type { Observer, TraceRecord } from '@keelson/process';

/** A trace record as plain data, with the step of the run it belongs to. */
export interface RecordedTrace extends Readonly<Record<string, unknown>> {
  readonly step: number;
  readonly kind: TraceRecord['kind'];
  readonly process: string;
}

/** Keeps the trace of a run as plain data, ready to be saved. */
export class TraceRecorder implements Observer {
  readonly #records: RecordedTrace[] = [];
  #omitted = 0;

  /** @param step  the step under way  @param capacity  how many records are kept at most */
  constructor(
    private readonly step: () => number,
    private readonly capacity = 20_000,
  ) {}

  get records(): readonly RecordedTrace[] {
    return this.#records;
  }

  /** How many came when it was full. */
  get omitted(): number {
    return this.#omitted;
  }

  record(trace: TraceRecord): void {
    if (this.#records.length >= this.capacity) this.#omitted += 1;
    else this.#records.push({ step: this.step(), ...plain(trace) } as RecordedTrace);
  }
}

/** Values are shown, not kept: they may be large, circular or change later. */
function plain(trace: TraceRecord): Record<string, unknown> {
  const result: Record<string, unknown> = { ...trace };
  if (trace.kind === 'begun') result['arguments'] = trace.arguments.map((argument) => shown(argument));
  for (const key of ['error', 'reason']) {
    if (result[key] instanceof Error) result[key] = { name: result[key].name, message: result[key].message };
  }
  return result;
}

function shown(value: unknown): string | number | boolean | null {
  if (typeof value === 'number' || typeof value === 'boolean' || value === null) return value;
  if (typeof value === 'string') return value.length > 80 ? `${value.slice(0, 79)}…` : value;
  if (Array.isArray(value)) return `[${value.length}]`;
  return typeof value === 'object' ? `{${value.constructor?.name ?? ''}}` : String(value);
}
