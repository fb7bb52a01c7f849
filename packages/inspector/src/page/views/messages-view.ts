import type { InspectorRecord } from '../../records/record.js';
import { html, setText } from '../elements.js';
import type { HistoryEntry } from '../history.js';
import type { Commands, Scene, View } from '../scene.js';
import { MessageDiagram } from './message-diagram.js';
import { isMessage } from './messages.js';

const MOST_LANES = 8;
const ROWS = 48;

/** Who sent what to whom, between the actors one chooses, and what was the cause of what. */
export class MessagesView implements View {
  readonly element: HTMLElement;
  readonly #lanes = html('div', { class: 'chips', 'aria-label': 'Lanes' });
  readonly #options = html('div', { class: 'chips' });
  readonly #cause = html('p', { class: 'cause' });
  readonly #diagram: MessageDiagram;
  /** Lanes the user chose; until then the busiest are shown. */
  #chosen: Set<string> | undefined;
  #failuresOnly = false;
  #cursor: number | undefined;
  #key = '';

  constructor(private readonly commands: Commands) {
    this.#diagram = new MessageDiagram((id) => {
      this.#cursor = this.#cursor === id ? undefined : id;
      commands.refresh();
    });
    const failures = html('input', { type: 'checkbox' });
    failures.addEventListener('change', () => {
      this.#failuresOnly = failures.checked;
      commands.refresh();
    });
    const reset = html('button', { class: 'link', onclick: () => this.#reset() }, 'busiest lanes');
    this.#options.append(html('label', { class: 'check' }, failures, 'failures only'), reset);
    const head = html('div', { class: 'messages-head' }, this.#lanes, this.#options, this.#cause);
    this.element = html('div', { class: 'view messages' }, head, this.#diagram.element);
  }

  render(scene: Scene): void {
    const { history, at, query, selected } = scene;
    const busy = busiest(history.latest(at, 1_000, isMessage, 4_000));
    const lanes = this.#chosen ?? new Set(withSelected(busy.slice(0, MOST_LANES), selected));
    const wanted = (record: InspectorRecord): boolean => this.#isWanted(record, lanes, query);
    const rows = history.latest(at, ROWS, wanted);
    const isOutcome = ({ kind }: InspectorRecord): boolean => kind === 'ended' || kind === 'settled';
    const outcomes = outcomesOf(history.latest(at, 3_000, isOutcome, 6_000));
    this.#renderLanes(busy, lanes, (id) => history.nameOf(id));
    const shown = this.#failuresOnly ? rows.filter(({ record }) => isFailure(record, outcomes)) : rows;
    const chain = this.#cursor === undefined ? [] : causesOf(this.#cursor, history.latest(at, 20_000, hasCause));
    this.#diagram.render(scene, [...lanes], shown, outcomes, new Set(chain.map(({ id }) => id)));
    const story = chain.map(({ id, process, label }) => `${process}.${label} #${id}`).join('  ←  ');
    setText(this.#cause, story || 'Choose a message to light the chain of events that led to it.');
    this.#cause.classList.toggle('lit', chain.length > 0);
  }

  #isWanted(record: InspectorRecord, lanes: ReadonlySet<string>, query: string): boolean {
    if (!lanes.has(record.process) || !(isMessage(record) || record.kind === 'machine' || record.kind === 'exited')) {
      return false;
    }
    return query === '' || ('label' in record && `${record.process} ${record.label}`.toLowerCase().includes(query));
  }

  #renderLanes(busy: readonly string[], lanes: ReadonlySet<string>, nameOf: (id: string) => string): void {
    const offered = [...new Set([...lanes, ...busy])].slice(0, 24);
    const key = JSON.stringify([offered, [...lanes]]);
    if (key === this.#key) return;
    this.#key = key;
    this.#lanes.replaceChildren(
      ...offered.map((id) => {
        const toggle = (): void => {
          const next = new Set(lanes);
          if (!next.delete(id)) next.add(id);
          this.#chosen = next;
          this.commands.refresh();
        };
        const attributes = { class: lanes.has(id) ? 'actor-chip chosen' : 'actor-chip', onclick: toggle };
        return html('button', { ...attributes, 'aria-pressed': String(lanes.has(id)) }, nameOf(id));
      }),
    );
  }

  #reset(): void {
    this.#chosen = undefined;
    this.commands.refresh();
  }
}

function hasCause(record: InspectorRecord): boolean {
  return record.kind === 'queued' || record.kind === 'begun' || record.kind === 'job';
}

function busiest(entries: readonly HistoryEntry[]): readonly string[] {
  const counts = new Map<string, number>();
  for (const { record } of entries) counts.set(record.process, (counts.get(record.process) ?? 0) + 1);
  return [...counts].toSorted(([, one], [, other]) => other - one).map(([id]) => id);
}

function withSelected(lanes: readonly string[], selected: string | undefined): readonly string[] {
  if (selected === undefined || lanes.includes(selected)) return lanes;
  return [selected, ...lanes.slice(0, MOST_LANES - 1)];
}

/** How every event ended that has, by its id. */
function outcomesOf(entries: readonly HistoryEntry[]): ReadonlyMap<number, string> {
  const outcomes = new Map<number, string>();
  for (const { record } of entries) {
    if (record.kind === 'ended' || record.kind === 'settled') outcomes.set(record.id, record.outcome);
  }
  return outcomes;
}

function isFailure(record: InspectorRecord, outcomes: ReadonlyMap<number, string>): boolean {
  if (record.kind === 'dropped') return true;
  if (record.kind === 'job') return record.phase === 'failed';
  if (record.kind === 'exited') return record.reason !== undefined;
  const outcome = 'id' in record ? outcomes.get(record.id) : undefined;
  return outcome === 'failed' || outcome === 'crashed' || outcome === 'abandoned';
}

/** The event and what led to it, the latest first. */
function causesOf(id: number, entries: readonly HistoryEntry[]) {
  const events = new Map<number, { id: number; cause: number; process: string; label: string }>();
  for (const { record } of entries) {
    if (record.kind !== 'queued' && record.kind !== 'begun' && record.kind !== 'job') continue;
    const { cause, process, label } = record;
    events.set(record.id, { id: record.id, cause, process, label });
  }
  const chain = [];
  for (let event = events.get(id); event && chain.length < 32; event = events.get(event.cause)) chain.push(event);
  return chain;
}
