import type { Origin as OriginOf } from '../future/deferred-call.js';
import type { Cell } from './cell.js';
import { EventTrace, explain } from './event-trace.js';
import type { Runtime } from './runtime.js';

/** The request behind an answer that is still pending; if that fails later, the error says which it was. */
export class Origin implements OriginOf {
  constructor(
    private readonly runtime: Runtime,
    private readonly cell: Cell,
    private readonly method: unknown,
    private readonly id: number,
    private readonly cause: number,
  ) {}

  explain(error: Error): void {
    const { id, cause } = this;
    const own = { id, cause, process: this.cell.id, label: this.runtime.log.labelOf(this.method, this.cell, cause) };
    const before = this.runtime.log.trace(cause);
    explain(error, new EventTrace([own, ...(before?.events ?? [])], before?.truncated ?? cause !== 0));
  }
}
