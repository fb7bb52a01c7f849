import type { InspectorRecord } from '../../records/record.js';
import { html, svg } from '../elements.js';
import { formatState } from '../format.js';
import type { HistoryEntry } from '../history.js';
import { formatMoment } from '../moment.js';
import type { Scene } from '../scene.js';
import { senderOf } from './messages.js';

const ROW = 26;
const HEAD = 8;
const TIME = 92;
const NARROWEST = 120;

/** The sequence as it is drawn: a lane for each actor, a line for each message, the newest at the bottom. */
export class MessageDiagram {
  readonly element = html('div', { class: 'sequence', tabindex: 0 });
  #key = '';

  constructor(private readonly onEvent: (id: number) => void) {}

  render(
    { hello, history }: Scene,
    lanes: readonly string[],
    rows: readonly HistoryEntry[],
    outcomes: ReadonlyMap<number, string>,
    lit: ReadonlySet<number>,
  ): void {
    const width = Math.max(this.element.clientWidth - 20, TIME + lanes.length * NARROWEST);
    const ended = rows.map(({ record }) => ('id' in record ? (outcomes.get(record.id) ?? '') : ''));
    const key = JSON.stringify([lanes, rows[0]?.at, rows.at(-1)?.at, rows.length, [...lit], width, ended]);
    if (key === this.#key) return;
    this.#key = key;
    if (rows.length === 0) {
      this.element.replaceChildren(html('p', { class: 'quiet' }, 'No messages between these actors at this moment.'));
      return;
    }
    const isAtEnd = this.element.scrollTop + this.element.clientHeight > this.element.scrollHeight - 40;
    const step = (width - TIME) / Math.max(1, lanes.length);
    const xOf = new Map(lanes.map((id, n) => [id, TIME + (n + 0.5) * step]));
    const height = HEAD + rows.length * ROW + 12;
    const picture = svg('svg', { class: 'sequence-picture', width, height, role: 'img', 'aria-label': 'Messages' });
    picture.append(arrowHead(), ...[...xOf.values()].map((x) => lane(x, height)));
    const heads = [...xOf].map(([id, x]) => laneHead(history.nameOf(id), id, x, step));
    const yOfEvent = new Map<number, { x: number; y: number }>();
    rows.forEach(({ record }, n) => {
      const y = HEAD + n * ROW + ROW / 2;
      picture.append(svg('text', { class: 'sequence-time', x: 6, y: y + 4 }, formatMoment(record, hello)));
      picture.append(this.#row(record, y, xOf, step, outcomes, lit, yOfEvent));
    });
    const head = html('div', { class: 'lane-heads' }, ...heads);
    head.style.setProperty('width', `${width}px`);
    this.element.replaceChildren(head, picture);
    if (isAtEnd) this.element.scrollTop = this.element.scrollHeight;
  }

  #row(
    record: InspectorRecord,
    y: number,
    xOf: ReadonlyMap<string, number>,
    step: number,
    outcomes: ReadonlyMap<number, string>,
    lit: ReadonlySet<number>,
    yOfEvent: Map<number, { x: number; y: number }>,
  ): SVGGElement {
    const to = xOf.get(record.process) ?? TIME;
    if (record.kind === 'machine' || record.kind === 'exited') return note(record, to, y, step);
    const id = 'id' in record ? record.id : 0;
    const cause = 'cause' in record ? record.cause : 0;
    const from = xOf.get(senderOf(record));
    const outcome = outcomes.get(id) ?? ownOutcome(record);
    const isLit = lit.has(id);
    const group = svg('g', { class: `message ${outcome}${isLit ? ' lit' : ''}` });
    const before = yOfEvent.get(cause);
    // From the event that caused it: on the lane where that was served, until its sender sent this one. Dashed where
    // that had ended, and a timer or an answer went on.
    if (before) {
      const down = `M${before.x},${before.y}V${y}`;
      if (from === before.x) group.append(svg('path', { class: 'message-cause', d: down }));
      else group.append(svg('path', { class: 'message-cause later', d: `${down}H${to}` }));
    }
    yOfEvent.set(id, { x: to, y });
    group.append(svg('path', { class: 'message-arrow', d: arrow(from, to, y), 'marker-end': 'url(#message-head)' }));
    const label = 'label' in record ? record.label : record.kind;
    const isLeft = from !== undefined && from > to;
    const middle = from === undefined || from === to ? to + 26 : isLeft ? to + 12 : to - 12;
    const anchor = from === undefined || from === to || isLeft ? 'start' : 'end';
    group.append(svg('text', { class: 'message-label', x: middle, y: y - 5, 'text-anchor': anchor }, cut(label, step)));
    group.append(svg('circle', { class: 'message-end', cx: to, cy: y, r: 3.5 }));
    group.append(svg('rect', { class: 'message-target', x: 0, y: y - ROW / 2, width: 10_000, height: ROW }));
    if (id !== 0) group.addEventListener('click', () => this.onEvent(id));
    return group;
  }
}

function ownOutcome(record: InspectorRecord): string {
  if (record.kind === 'job') return record.phase;
  return record.kind === 'dropped' ? 'failed' : '';
}

function lane(x: number, height: number): SVGLineElement {
  return svg('line', { class: 'lane', x1: x, x2: x, y1: 0, y2: height });
}

function laneHead(name: string, id: string, x: number, step: number): HTMLElement {
  const head = html('span', { class: 'lane-name', title: id }, name);
  head.style.setProperty('left', `${x - step / 2}px`);
  head.style.setProperty('width', `${step}px`);
  return head;
}

function arrowHead(): SVGDefsElement {
  const marker = svg(
    'marker',
    { id: 'message-head', viewBox: '0 0 8 8', refX: 10, refY: 4, markerWidth: 6, markerHeight: 6, orient: 'auto' },
    svg('path', { d: 'M0,0.5L8,4L0,7.5z' }),
  );
  return svg('defs', {}, marker);
}

/** From lane to lane; from outside a short one, to itself a loop. */
function arrow(from: number | undefined, to: number, y: number): string {
  if (from === undefined) return `M${to - 44},${y}H${to}`;
  if (from === to) return `M${to},${y - 7}h18q6,0 6,3.5t-6,3.5H${to + 2}`;
  return `M${from},${y}H${to}`;
}

/** A change of state, or an end, on the lane of whose it is. */
function note(record: InspectorRecord, x: number, y: number, step: number): SVGGElement {
  const isEnd = record.kind === 'exited';
  const state = record.kind === 'machine' ? formatState(record.state) : 'gone';
  const text = cut(state, step);
  const width = Math.min(step - 8, text.length * 6.6 + 18);
  const box = svg('rect', { x: x - width / 2, y: y - 9, width, height: 18, rx: 9 });
  const group = svg('g', { class: isEnd ? 'lane-note gone' : 'lane-note' }, box);
  group.append(svg('text', { x, y: y + 4 }, text));
  return group;
}

function cut(text: string, width: number): string {
  const most = Math.max(6, Math.floor(width / 7));
  return text.length > most ? `${text.slice(0, most - 1)}…` : text;
}
