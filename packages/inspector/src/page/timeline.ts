import { html, setText, svg } from './elements.js';
import { formatCount } from './format.js';
import type { History } from './history.js';
import { formatMoment } from './moment.js';
import type { Hello } from './connection.js';

/** What the timeline asks for. */
export interface TimelineCommands {
  goTo(at: number): void;
  toggle(): void;
}

const icons = { pause: 'M3 2h3v10H3zM8 2h3v10H8z', play: 'M3 1.5L12 7L3 12.5z' };

/** The foot of the page: the records that are kept as a line, and the moment of them that is looked at. */
export class Timeline {
  readonly element: HTMLElement;
  readonly #slider = html('input', { type: 'range', class: 'slider', min: 0, max: 1, step: 1, 'aria-label': 'Moment' });
  readonly #marks = html('canvas', { class: 'marks', height: 18 });
  readonly #moment = html('output', { class: 'moment' });
  readonly #counts = html('span', { class: 'counts' });
  readonly #icon = svg('path', {});
  readonly #toggle: HTMLButtonElement;
  #marksKey = '';
  #drawnMs = 0;

  constructor(private readonly commands: TimelineCommands) {
    const icon = svg('svg', { viewBox: '0 0 14 14', width: 14, height: 14, 'aria-hidden': 'true' }, this.#icon);
    this.#toggle = html('button', { class: 'icon play', onclick: () => commands.toggle() }, icon);
    const step = (by: number, label: string, text: string): HTMLElement =>
      html('button', { class: 'icon', 'aria-label': label, title: label, onclick: () => this.#step(by) }, text);
    this.#slider.addEventListener('input', () => commands.goTo(Number(this.#slider.value)));
    const track = html('div', { class: 'track' }, this.#marks, this.#slider);
    const buttons = [step(-1, 'one record back', '‹'), this.#toggle, step(1, 'one record on', '›')];
    this.element = html('footer', { class: 'timeline' }, ...buttons, track, this.#moment, this.#counts);
  }

  render(history: History, at: number, isLive: boolean, missed: number, hello: Hello | undefined): void {
    this.#slider.min = String(history.start);
    this.#slider.max = String(Math.max(history.end, history.start + 1));
    this.#slider.value = String(at);
    this.#icon.setAttribute('d', isLive ? icons.pause : icons.play);
    this.#toggle.setAttribute('aria-label', isLive ? 'pause' : 'follow');
    this.#toggle.title = isLive ? 'pause (space)' : 'follow (space)';
    setText(this.#moment, isLive ? 'now' : formatMoment(history.recordBefore(at), hello));
    const lost = missed + history.lost;
    const gaps = lost > 0 ? `, ${formatCount(lost)} not recorded` : '';
    setText(this.#counts, `${formatCount(history.end - history.start)} records${gaps}`);
    this.#counts.title = 'Records kept in this page. While too much happens at once, events are left out and counted.';
    this.#counts.classList.toggle('gaps', lost > 0);
    this.#drawMarks(history);
  }

  #step(by: number): void {
    this.commands.goTo(Number(this.#slider.value) + by);
  }

  /** Where something failed, ended or moved; redrawn a few times a second at most. */
  #drawMarks({ records, start, end }: History): void {
    const width = Math.max(50, Math.round(this.#marks.clientWidth));
    const key = `${start} ${end} ${width} ${document.documentElement.dataset['theme']}`;
    const now = performance.now();
    if (key === this.#marksKey || now - this.#drawnMs < 400) return;
    this.#marksKey = key;
    this.#drawnMs = now;
    this.#marks.width = width;
    const context = this.#marks.getContext('2d')!;
    const style = getComputedStyle(this.#marks);
    const heights = new Map([
      ['machine', 8],
      ['exited', 12],
      ['bad', 18],
    ]);
    const columns = new Map<string, Set<number>>([...heights.keys()].map((kind) => [kind, new Set<number>()]));
    records.forEach((record, n) => {
      const kind = markOf(record);
      if (kind) columns.get(kind)!.add(Math.floor((n / records.length) * width));
    });
    for (const [kind, height] of heights) {
      context.fillStyle = style.getPropertyValue(`--mark-${kind}`);
      for (const x of columns.get(kind)!) context.fillRect(x, 18 - height, 1, height);
    }
  }
}

type Mark = 'bad' | 'exited' | 'machine';

function markOf(record: { kind: string; outcome?: string; reason?: unknown }): Mark | undefined {
  const { kind, outcome } = record;
  if (outcome === 'failed' || outcome === 'crashed' || kind === 'gap' || kind === 'callback-failed') return 'bad';
  if (kind === 'exited') return record.reason === undefined ? 'exited' : 'bad';
  return kind === 'machine' ? 'machine' : undefined;
}
