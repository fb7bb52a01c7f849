import type { ActorEntry, ActorTable } from '../../records/actor-table.js';
import { LEASE_MACHINE, LOCK_MACHINE } from '../../records/known-machines.js';
import type { PlainObject } from '../../records/plain.js';
import { html } from '../elements.js';
import { formatDuration, formatState } from '../format.js';
import type { HistoryEntry } from '../history.js';
import { formatMoment } from '../moment.js';
import type { Commands, Scene, View } from '../scene.js';
import { fits } from './actor-tree.js';

const STEPS = 60;

/** Who holds each lock, who waits behind whom, and how it came to that. */
export class LocksView implements View {
  readonly element = html('div', { class: 'view locks' });
  #key = '';

  constructor(private readonly commands: Commands) {}

  render(scene: Scene): void {
    const { table, history, at, query, selected } = scene;
    const locks = [...table.actors.values()].filter(({ machine }) => machine === LOCK_MACHINE);
    const steps = history.latest(at, 2_000, (record) => record.kind === 'machine' && record.machine === LOCK_MACHINE);
    const shown = locks.filter((lock) => fits(lock, query)).toSorted((one, other) => (one.id < other.id ? -1 : 1));
    const leases = leasesOf(table);
    const moving = [...leases.values()].flat().map(({ id, state }) => `${id} ${formatState(state)}`);
    const ids = shown.map(({ id }) => id);
    const key = JSON.stringify([ids, steps.at(-1)?.at, steps.length, moving, selected, scene.isLive]);
    // Times of holders go on, but need no redrawing ten times a second.
    const second = scene.isLive ? Math.floor(performance.now() / 1_000) : 0;
    if (`${key} ${second}` === this.#key) return;
    this.#key = `${key} ${second}`;
    if (shown.length === 0) {
      const text = locks.length === 0 ? 'No lock was used so far.' : 'No lock fits the search.';
      this.element.replaceChildren(html('p', { class: 'quiet empty-view' }, text));
      return;
    }
    const now = nowOf(scene);
    this.element.replaceChildren(
      ...shown.map((lock) => this.#card(lock, leases.get(lock.id) ?? [], steps, scene, now)),
    );
  }

  #card(
    lock: ActorEntry,
    leases: readonly ActorEntry[],
    steps: readonly HistoryEntry[],
    scene: Scene,
    now: number,
  ): HTMLElement {
    const own = steps.filter(({ record }) => record.process === lock.id);
    const state = formatState(lock.state);
    const holders = leases.filter((lease) => lease.state === 'held');
    const waiters = leases.filter((lease) => lease.state === 'waiting');
    const isSelected = lock.id === scene.selected;
    const head = html(
      'header',
      { class: 'card-head' },
      html('h2', {}, lock.name),
      html('span', { class: `chip lock-state ${state}` }, state),
      html('button', { class: 'link', onclick: () => this.#showChart(lock.id) }, 'statechart'),
    );
    const nobody = html('p', { class: 'quiet' }, 'nobody');
    const list = (title: string, entries: readonly ActorEntry[]): HTMLElement =>
      html(
        'div',
        { class: 'lease-column' },
        html('h3', {}, title),
        ...(entries.length > 0 ? entries.map((entry) => leaseLine(entry, now)) : [nobody.cloneNode(true)]),
      );
    const lists = [list('Holds', holders), list('Waits, in this order', waiters)];
    const columns = html('div', { class: 'lease-columns' }, ...lists);
    return html(
      'article',
      { class: isSelected ? 'card selected' : 'card', 'data-lock': lock.id },
      head,
      columns,
      html('h3', {}, 'Steps'),
      this.#strip(own.slice(-STEPS)),
      this.#steps(own.slice(-8), scene),
    );
  }

  /** One field a step, coloured by the state it led to. */
  #strip(steps: readonly HistoryEntry[]): HTMLElement {
    const fields = steps.map(({ at, record }) => {
      const state = record.kind === 'machine' ? formatState(record.state) : '';
      const title = record.kind === 'machine' ? `${record.event} → ${state}` : '';
      const onclick = (): void => this.commands.goTo(at);
      return html('button', { class: `step ${state}`, title, 'aria-label': title, onclick });
    });
    return html('div', { class: 'strip' }, ...fields);
  }

  #steps(steps: readonly HistoryEntry[], { hello }: Scene): HTMLElement {
    const lines = steps.toReversed().map(({ at, record }) => {
      if (record.kind !== 'machine') return undefined;
      const { queue, readers } = (record.context ?? {}) as PlainObject;
      const waiting = Array.isArray(queue) && queue.length > 0 ? `, ${queue.length} waiting` : '';
      const reading = typeof readers === 'number' && readers > 0 ? `, ${readers} reading` : '';
      return html(
        'li',
        { onclick: () => this.commands.goTo(at) },
        html('time', {}, formatMoment(record, hello)),
        html('span', { class: 'event-text' }, record.event),
        html('span', { class: 'event-note' }, `→ ${formatState(record.state)}${reading}${waiting}`),
      );
    });
    return html('ol', { class: 'events' }, ...lines);
  }

  #showChart(id: string): void {
    this.commands.select(id);
    this.commands.show('machines');
  }
}

function leaseLine(lease: ActorEntry, now: number): HTMLElement {
  const { kind, askedIn } = (lease.context ?? {}) as PlainObject;
  const since = lease.last?.atMs ?? lease.sinceMs;
  return html(
    'div',
    { class: `lease ${kind === 'write' ? 'write' : 'read'}`, title: lease.name },
    html('span', { class: 'lease-kind' }, kind === 'write' ? 'write' : 'read'),
    html('span', { class: 'lease-who' }, typeof askedIn === 'string' ? askedIn : lease.name),
    html('span', { class: 'lease-since' }, formatDuration(Math.max(0, now - since))),
  );
}

function leasesOf(table: ActorTable): ReadonlyMap<string, readonly ActorEntry[]> {
  const leases = new Map<string, ActorEntry[]>();
  for (const entry of table.actors.values()) {
    if (entry.machine !== LEASE_MACHINE || entry.parent === undefined) continue;
    const known = leases.get(entry.parent);
    if (known) known.push(entry);
    else leases.set(entry.parent, [entry]);
  }
  return leases;
}

/** The time of the moment that is looked at, on the clock of the records. */
function nowOf({ isLive, isSaved, hello, history, at }: Scene): number {
  if (isLive && !isSaved && hello) return Date.now() - hello.originMs;
  return history.recordBefore(at)?.atMs ?? 0;
}
