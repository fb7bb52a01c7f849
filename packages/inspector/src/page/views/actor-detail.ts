import type { ActorEntry } from '../../records/actor-table.js';
import type { InspectorRecord } from '../../records/record.js';
import { ChartPane, lightingOf } from '../chart/chart-pane.js';
import { html, setText, svg } from '../elements.js';
import { formatCount, formatState, formatValue } from '../format.js';
import { formatMoment } from '../moment.js';
import type { Commands, Scene } from '../scene.js';

const RECENT = 40;

/** Everything about one actor: its chart, its mailbox over time, what it knows and what it did last. */
export class ActorDetail {
  readonly element = html('section', { class: 'detail', 'aria-label': 'Actor' });
  readonly #title = html('h2', { class: 'detail-title' });
  readonly #facts = html('dl', { class: 'facts' });
  readonly #pane = new ChartPane(undefined, 420);
  readonly #spark = svg('svg', { class: 'spark', viewBox: '0 0 240 36', preserveAspectRatio: 'none' });
  readonly #sparkTitle = html('h3', {}, 'Mailbox');
  readonly #context = html('pre', { class: 'context' });
  readonly #contextTitle = html('h3', {}, 'Context');
  readonly #events = html('ol', { class: 'events' });
  readonly #empty = html('p', { class: 'quiet detail-empty' });
  #eventsKey = '';

  constructor(private readonly commands: Commands) {
    const body = [this.#title, this.#facts, this.#pane.element, this.#sparkTitle, this.#spark];
    const rest = [this.#contextTitle, this.#context, html('h3', {}, 'Latest events'), this.#events];
    this.element.append(this.#empty, html('div', { class: 'detail-body' }, ...body, ...rest));
  }

  render(scene: Scene): void {
    const entry = scene.selected === undefined ? undefined : scene.table.actors.get(scene.selected);
    this.element.classList.toggle('empty', !entry);
    const isGone = scene.selected !== undefined && !entry;
    setText(this.#empty, isGone ? `${scene.selected} is not there at this moment.` : emptyText);
    if (!entry) return;
    setText(this.#title, entry.name);
    this.#renderFacts(entry);
    this.#pane.show(entry.machine, scene.table.definitions.get(entry.machine), lightingOf(entry));
    this.#sparkTitle.hidden = entry.type !== 'process';
    this.#spark.toggleAttribute('hidden', entry.type !== 'process');
    if (entry.type === 'process') this.#renderSpark(scene, entry);
    const context = entry.context ?? null;
    const shown = context !== null && formatValue(context) !== '{}';
    this.#context.hidden = this.#contextTitle.hidden = !shown;
    if (shown) setText(this.#context, JSON.stringify(context, undefined, 2));
    this.#renderEvents(scene, entry);
  }

  #renderFacts(entry: ActorEntry): void {
    const facts: [string, string][] = [
      ['State', formatState(entry.state)],
      ['Chart', entry.machine],
      ['Child of', entry.parent ?? ''],
      ['Waiting', entry.type === 'process' ? formatCount(entry.depth) : ''],
      ['Served', entry.served > 0 ? formatCount(entry.served) : ''],
      ['Failed', entry.failed > 0 ? formatCount(entry.failed) : ''],
      ['Linked to', entry.links.join(', ')],
      ['Crashed', entry.reason ? `${entry.reason.name}: ${entry.reason.message}` : ''],
    ];
    const shown = facts.filter(([, value]) => value !== '');
    this.#facts.replaceChildren(...shown.flatMap(([name, value]) => [html('dt', {}, name), html('dd', {}, value)]));
  }

  /** Depths as they were sampled, the newest at the right. */
  #renderSpark({ history, at }: Scene, { id }: ActorEntry): void {
    const samples = history.latest(at, 120, ({ kind }) => kind === 'depths');
    const depths = samples.map(({ record }) => (record.kind === 'depths' ? (record.depths[id] ?? 0) : 0));
    const most = Math.max(4, ...depths);
    const points = depths.map((depth, n) => {
      const x = 240 - (depths.length - 1 - n) * 2;
      return `${x},${(34 - (depth / most) * 32).toFixed(1)}`;
    });
    const line = svg('polyline', { class: 'spark-line', points: points.join(' ') });
    const label = svg('title', {}, `events waiting, at most ${most}`);
    this.#spark.replaceChildren(label, svg('line', { class: 'spark-base', x1: 0, x2: 240, y1: 34, y2: 34 }), line);
  }

  #renderEvents({ history, at, hello }: Scene, { id }: ActorEntry): void {
    const concerns = (record: InspectorRecord): boolean =>
      record.process === id && record.kind !== 'queued' && record.kind !== 'actor';
    const recent = history.latest(at, RECENT, concerns).toReversed();
    const key = `${id} ${recent[0]?.at ?? 0} ${recent.length}`;
    if (key === this.#eventsKey) return;
    this.#eventsKey = key;
    const lines = recent.map(({ at: moment, record }) => {
      const { text, note, isBad } = describe(record);
      return html(
        'li',
        { class: isBad ? 'bad' : '', onclick: () => this.commands.goTo(moment) },
        html('time', {}, formatMoment(record, hello)),
        html('span', { class: 'event-text' }, text),
        html('span', { class: 'event-note' }, note),
      );
    });
    this.#events.replaceChildren(...(lines.length > 0 ? lines : [html('li', { class: 'quiet' }, 'none so far')]));
  }
}

const emptyText = 'Choose an actor to see its chart, mailbox and events.';

/** A record about one actor, in a line. */
export function describe(record: InspectorRecord): { text: string; note: string; isBad: boolean } {
  switch (record.kind) {
    case 'begun': {
      const shown = record.arguments.map(formatValue).join(', ');
      return { text: `${record.label}(${shown})`, note: '', isBad: false };
    }
    case 'ended':
    case 'settled': {
      const why = record.error ? `: ${record.error.message}` : '';
      const isBad = record.outcome === 'failed' || record.outcome === 'crashed' || record.outcome === 'abandoned';
      const settled = record.kind === 'settled' ? 'later ' : '';
      return { text: `  ${record.label}`, note: `${settled}${record.outcome}${why}`, isBad };
    }
    case 'machine':
      return { text: record.event, note: `→ ${formatState(record.state)}`, isBad: false };
    case 'exited': {
      const why = record.reason ? `${record.reason.name}: ${record.reason.message}` : '';
      return { text: 'gone', note: why, isBad: record.reason !== undefined };
    }
    case 'dropped':
      return { text: record.label, note: `dropped: ${record.why}`, isBad: true };
    case 'callback-failed':
      return { text: 'a callback threw', note: record.error.message, isBad: true };
    case 'restart': {
      const { givenUp, restarts } = record;
      return { text: givenUp ? 'given up' : 'restarted', note: `${restarts} so far`, isBad: givenUp };
    }
    case 'linked':
      return { text: 'linked', note: record.to, isBad: false };
    case 'turn':
    case 'sent':
    case 'queued':
      return { text: record.label, note: record.kind, isBad: false };
    case 'job':
      return { text: record.label, note: record.phase, isBad: record.phase === 'failed' };
    default:
      return { text: record.kind, note: '', isBad: false };
  }
}
