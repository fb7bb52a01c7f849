import type { Plain, PlainObject } from './plain.js';
import { LEASE_MACHINE, LOCK_MACHINE } from './known-machines.js';
import type { InspectorRecord, Transition } from './record.js';

const MOST_REMEMBERED = 4_096;

/**
 * Makes actors of locks and of the leases they give: a lock tells only its own steps, but people want to see who
 * holds it and who waits. Feed it every record in order; it answers the record with those it implies.
 */
export class LockStory {
  readonly #locks = new Set<string>();
  readonly #leases = new Set<string>();
  /** What the latest events were called, for those in which a lease was asked for. */
  readonly #labels = new Map<number, string>();

  constructor(private readonly lockDefinition: PlainObject) {}

  expand(record: InspectorRecord): readonly InspectorRecord[] {
    if (record.kind === 'begun') this.#remember(record.id, `${record.process}.${record.label}`);
    if (record.kind !== 'machine' || record.machine !== LOCK_MACHINE) return [record];
    // The leases first: at the moment at which a lock is in a state it is known who brought it there.
    return [...this.#introduced(record), ...this.#leaseSteps(record), record];
  }

  #introduced({ atMs, process, machine, step }: Transition): InspectorRecord[] {
    if (this.#locks.has(process)) return [];
    this.#locks.add(process);
    const at = { atMs, ...(step !== undefined && { step }) };
    const actor: InspectorRecord = { ...at, kind: 'actor', process, name: process, machine, state: 'unlocked' };
    const definition = this.lockDefinition;
    return [{ ...at, kind: 'definition', process: '', machine, definition }, actor];
  }

  #leaseSteps({ atMs, process, event, cause, context, step }: Transition): InspectorRecord[] {
    const facts = context as { lease?: Plain; letIn?: Plain } | undefined;
    // Traces saved by older versions do not number their leases.
    if (typeof facts?.lease !== 'number') return [];
    const at = { atMs, ...(step !== undefined && { step }) };
    const letIn = Array.isArray(facts.letIn) ? (facts.letIn as readonly Plain[]) : [];
    const steps: InspectorRecord[] = [];
    const move = (lease: Plain, name: string, state: string): void => {
      const who = leaseName(process, lease);
      if (!this.#leases.has(who)) return;
      steps.push({ ...at, kind: 'machine', process: who, machine: LEASE_MACHINE, event: name, cause, state });
      if (state === 'held') return;
      steps.push({ ...at, kind: 'exited', process: who });
      this.#leases.delete(who);
    };
    if (event === 'read' || event === 'write') {
      const who = leaseName(process, facts.lease);
      const state = letIn.includes(facts.lease) ? 'held' : 'waiting';
      const asked = { kind: event, askedIn: this.#labels.get(cause) ?? `event #${cause}` };
      this.#leases.add(who);
      const name = `${event} lease ${facts.lease}`;
      steps.push({
        ...at, kind: 'actor', process: who, name, parent: process, machine: LEASE_MACHINE, state, context: asked,
      });
      return steps;
    }
    if (event === 'forget') move(facts.lease, 'forget', 'given up');
    else move(facts.lease, 'release', 'released');
    for (const lease of letIn) move(lease, 'granted', 'held');
    return steps;
  }

  #remember(id: number, label: string): void {
    this.#labels.set(id, label);
    if (this.#labels.size <= MOST_REMEMBERED) return;
    for (const oldest of this.#labels.keys()) {
      this.#labels.delete(oldest);
      if (this.#labels.size <= MOST_REMEMBERED / 2) break;
    }
  }
}

function leaseName(lock: string, lease: Plain): string {
  return `${lock} lease ${String(lease)}`;
}
