import type { ActorEntry } from '../../records/actor-table.js';
import type { PlainObject, StateValue } from '../../records/plain.js';
import { html } from '../elements.js';
import { activeStates, leafStates } from './active-states.js';
import type { Lighting } from './chart-drawing.js';
import { ChartDrawing } from './chart-drawing.js';
import type { LaidOutChart } from './chart-layout.js';
import { layOut } from './chart-layout.js';
import { readChart } from './chart-model.js';

const layouts = new Map<string, Promise<LaidOutChart>>();

/** Shows one chart, whichever was asked for last, with its lights on. */
export class ChartPane {
  readonly element = html('div', { class: 'chart-pane' });
  #key = '';
  #machine = '';
  #drawing: ChartDrawing | undefined;
  #lighting: Lighting | undefined;

  /** @param height  how much room there is, where that is not the height of the pane itself */
  constructor(
    private readonly onState: (id: string) => void = () => {},
    private readonly height?: number,
  ) {}

  /** Shows the chart of `machine`. Layouts are kept by what they lay out, since events come by the thousand. */
  show(machine: string, definition: PlainObject | undefined, lighting: Lighting): void {
    this.#lighting = lighting;
    if (!definition) return this.#clear(machine);
    const room = { width: coarse(this.element.clientWidth), height: coarse(this.height ?? this.element.clientHeight) };
    const key = `${room.width} ${room.height} ${machine} ${JSON.stringify(definition).length}`;
    if (key === this.#key) {
      this.#drawing?.light(lighting);
      return;
    }
    this.#key = key;
    if (machine !== this.#machine) this.#say(`Drawing ${machine}…`);
    this.#machine = machine;
    const known = layouts.get(key) ?? layOut(readChart(definition), room);
    layouts.set(key, known);
    known.then(
      (layout) => this.#draw(key, layout),
      (error: unknown) => this.#say((error as Error).message),
    );
  }

  #draw(key: string, layout: LaidOutChart): void {
    if (key !== this.#key) return;
    this.#drawing = new ChartDrawing(layout, this.onState);
    const { element } = this.#drawing;
    // Never larger than life, and never so small that it cannot be read.
    element.style.setProperty('--chart-width', `${layout.width}px`);
    element.style.setProperty('--chart-ratio', `${layout.width} / ${layout.height}`);
    this.element.replaceChildren(element);
    if (this.#lighting) this.#drawing.light(this.#lighting);
    this.#centre();
  }

  /** Brings what is active into sight, in a chart that is larger than its pane. */
  #centre(): void {
    const active = this.#drawing?.innermostActive;
    if (!active) return;
    const [box, pane] = [active.getBoundingClientRect(), this.element.getBoundingClientRect()];
    this.element.scrollTop += box.top + box.height / 2 - pane.top - pane.height / 2;
    this.element.scrollLeft += box.left + box.width / 2 - pane.left - pane.width / 2;
  }

  #clear(machine: string): void {
    this.#key = '';
    this.#machine = '';
    this.#say(machine === '' ? 'This actor follows no chart.' : `The chart of ${machine} is not known.`);
  }

  #say(text: string): void {
    this.#drawing = undefined;
    this.element.replaceChildren(html('p', { class: 'quiet' }, text));
  }
}

/** Scroll bars come and go: only a pane of clearly another size is laid out anew. */
function coarse(pixels: number): number {
  return Math.max(200, Math.round(pixels / 150) * 150);
}

/** The lights of one actor: where it is, and the transition that brought it there. */
export function lightingOf({ state, last }: ActorEntry): Lighting {
  return { active: activeStates(state), taken: last ? takenEdges(last.from, state) : new Set() };
}

/** Edges that lead from what was left, or what holds it, to what was entered. */
function takenEdges(from: StateValue, to: StateValue): ReadonlySet<string> {
  const taken = new Set<string>();
  for (const target of activeStates(to)) {
    for (const source of activeStates(from)) taken.add(`${source} > ${target}`);
  }
  // What was and is active on the way to both is no transition, unless it is the innermost state itself.
  const leaves = new Set(leafStates(to));
  for (const edge of taken) {
    const [source = '', target = ''] = edge.split(' > ');
    const stayed = activeStates(from).has(target) && activeStates(to).has(source);
    if (stayed && !(leaves.has(target) && source === target)) taken.delete(edge);
  }
  return taken;
}
