import type { MachineRecord, Observer, TraceRecord } from '@keelson/process';

/** Somebody who asked for a lock: the event that was being served then. */
interface Party {
  readonly kind: 'read' | 'write';
  readonly who: string;
}

interface Entry {
  readonly holders: Party[];
  readonly waiters: Party[];
}

/** Leases that were never given back, at a moment when nothing can run any more. */
export class LeakedLeaseError extends Error {
  override readonly name = 'LeakedLeaseError';
  constructor(readonly locks: readonly string[]) {
    super(`nothing can run any more, and locks are still held: ${locks.join('; ')}`);
  }
}

/**
 * Follows every `ReadWriteLock` and `Mutex` of a runtime through its trace: who holds it and who waits.
 *
 * Locks are told apart by name, so give them names of their own. A lock says what it wants, not whom it lets
 * go: of several readers, the one that asked first is taken to leave first, and a waiter that gives up to be
 * the last that came.
 */
export class LockLedger implements Observer {
  readonly #locks = new Map<string, Entry>();
  #serving = 'outside';

  record(trace: TraceRecord): void {
    if (trace.kind === 'begun') this.#serving = `${trace.process}.${trace.label} #${trace.id}`;
    else if (trace.kind === 'turn') this.#serving = trace.label;
    else if (trace.kind === 'machine' && trace.machine === 'readWriteLock') this.#step(trace);
  }

  /** Who holds and who waits for each lock that is held, a line each. */
  describe(): string[] {
    return [...this.#locks].filter(([, { holders }]) => holders.length > 0).map(([name, entry]) => lineOf(name, entry));
  }

  /** @throws LeakedLeaseError    a lock is held; call it when nothing can run any more */
  expectAllReleased(): void {
    const held = this.describe();
    if (held.length > 0) throw new LeakedLeaseError(held);
  }

  #step({ process, event, context }: MachineRecord): void {
    const entry = this.#entryOf(process);
    const granted = context['granted'] as number;
    if (event === 'read' || event === 'write') {
      (granted > 0 ? entry.holders : entry.waiters).push({ kind: event, who: this.#serving });
      return;
    }
    if (event === 'readUnlock' || event === 'writeUnlock') entry.holders.shift();
    if (event === 'forget') entry.waiters.pop();
    entry.holders.push(...entry.waiters.splice(0, granted));
  }

  #entryOf(name: string): Entry {
    const known = this.#locks.get(name);
    if (known !== undefined) return known;
    const fresh: Entry = { holders: [], waiters: [] };
    this.#locks.set(name, fresh);
    return fresh;
  }
}

function lineOf(name: string, { holders, waiters }: Entry): string {
  const list = (parties: readonly Party[]) => parties.map(({ kind, who }) => `${kind} for ${who}`).join(', ');
  const waiting = waiters.length === 0 ? '' : `; waiting: ${list(waiters)}`;
  return `lock ${name} is held: ${list(holders)}${waiting}`;
}
