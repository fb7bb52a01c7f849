import type { Lease } from '@keelson/process';
import { Deferred, ReadWriteLock, readWriteLockMachine } from '@keelson/process';
import { createActor } from 'xstate';
import { check, checkEqual } from './check.js';
import type { Kind } from './tiny-lock.js';
import { TinyLock } from './tiny-lock.js';

/** One who asked: by a lease of its own, or by work that holds the lock until it is over. */
interface Party {
  readonly kind: Kind;
  readonly work: Deferred<void> | undefined;
  readonly answer: { discard(): boolean; isPending(): boolean };
}

/** The real lock, its machine and the tiny lock, driven by the same events and compared after each. */
export class LockRun {
  readonly #lock = new ReadWriteLock();
  readonly #tiny = new TinyLock();
  readonly #machine;
  readonly #parties = new Map<number, Party>();
  readonly #granted: number[] = [];
  readonly #leases = new Map<number, Lease>();

  /** @param besideMachine  false leaves the machine out, which is many times faster */
  constructor(besideMachine = true) {
    this.#machine = besideMachine ? createActor(readWriteLockMachine).start() : undefined;
  }

  holds(id: number): boolean {
    return this.#tiny.holds(id);
  }

  waits(id: number): boolean {
    return this.#tiny.waits(id);
  }

  ask(id: number, kind: Kind, byWork = false): void {
    this.#tiny.ask(id, kind);
    this.#machine?.send({ type: kind, id });
    const work = byWork ? new Deferred<void>() : undefined;
    const party: Party = { kind, work, answer: work ? this.#run(id, kind, work) : this.#lease(id, kind) };
    this.#parties.set(id, party);
    this.compare();
  }

  /** Gives the lease back, or lets the work end. */
  finish(id: number): void {
    const { kind, work } = this.#party(id);
    this.#tiny.release(id);
    this.#machine?.send({ type: kind === 'read' ? 'readUnlock' : 'writeUnlock' });
    if (work) work.set(undefined);
    else this.#leases.get(id)?.release();
    this.compare();
  }

  /** Loses interest. Who waits leaves the queue; work that holds the lock goes on holding it until it is over (T11). */
  discard(id: number): void {
    if (this.#tiny.waits(id)) {
      this.#tiny.leave(id);
      this.#machine?.send({ type: 'forget', id });
    }
    this.#party(id).answer.discard();
    this.compare();
  }

  compare(): void {
    const { granted, holders, queue } = this.#tiny;
    const same = granted.length === this.#granted.length && granted.every((id, index) => id === this.#granted[index]);
    check(same, () => `P8: let in ${this.#granted.join(' ')}, not ${granted.join(' ')}`);
    if (!this.#machine) return;
    const { context, value } = this.#machine.getSnapshot();
    const readers = holders.filter(({ kind }) => kind === 'read').length;
    checkEqual([context.readers, context.writing], [readers, holders.length > readers], 'P8: holders of the machine');
    checkEqual(context.queue, queue, 'P8: queue of the machine');
    const state = context.writing ? 'writing' : readers === 0 ? 'unlocked' : queue.length === 0 ? 'reading' : 'draining';
    checkEqual(value, state, 'P8: state of the machine');
  }

  #lease(id: number, kind: Kind): Party['answer'] {
    const leased = kind === 'read' ? this.#lock.readLock() : this.#lock.writeLock();
    return leased.onReady((lease) => {
      this.#leases.set(id, lease);
      this.#granted.push(id);
    });
  }

  #run(id: number, kind: Kind, work: Deferred<void>): Party['answer'] {
    const begin = (): Deferred<void>['future'] => {
      this.#granted.push(id);
      return work.future;
    };
    return kind === 'read' ? this.#lock.withRead(begin) : this.#lock.withWrite(begin);
  }

  #party(id: number): Party {
    const party = this.#parties.get(id);
    check(party !== undefined, `nobody is called ${id}`);
    return party;
  }
}
