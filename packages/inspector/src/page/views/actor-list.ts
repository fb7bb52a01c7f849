import { html, setText } from '../elements.js';
import { formatCount, formatState } from '../format.js';
import type { Commands, Scene } from '../scene.js';
import type { TreeRow } from './actor-tree.js';
import { treeRows } from './actor-tree.js';

const ROW_HEIGHT = 32;
const SPARE = 8;

/** The tree of actors. Only the lines in sight are elements, so that a thousand actors cost as much as twenty. */
export class ActorList {
  readonly element: HTMLElement;
  readonly #spacer = html('div', { class: 'tree-spacer' });
  readonly #rows: RowElement[] = [];
  readonly #closed = new Set<string>();
  #shown: readonly TreeRow[] = [];
  #scene: Scene | undefined;

  constructor(private readonly commands: Commands) {
    this.element = html('div', { class: 'tree', role: 'tree', tabindex: 0, 'aria-label': 'Actors' }, this.#spacer);
    this.element.addEventListener('scroll', () => this.#place());
    this.element.addEventListener('keydown', (event) => this.#key(event));
  }

  render(scene: Scene): void {
    this.#scene = scene;
    this.#shown = treeRows(scene, this.#closed);
    this.#spacer.style.setProperty('height', `${this.#shown.length * ROW_HEIGHT}px`);
    this.#place();
  }

  #place(): void {
    const { scrollTop, clientHeight } = this.element;
    const first = Math.max(0, Math.floor(scrollTop / ROW_HEIGHT) - SPARE);
    const count = Math.min(this.#shown.length - first, Math.ceil(clientHeight / ROW_HEIGHT) + 2 * SPARE);
    while (this.#rows.length < count) this.#rows.push(this.#newRow());
    this.#rows.forEach((row, n) => {
      const shown = n < count ? this.#shown[first + n] : undefined;
      row.show(shown, (first + n) * ROW_HEIGHT, this.#scene?.selected, this.#closed);
    });
  }

  #newRow(): RowElement {
    const row = new RowElement(
      (id) => this.commands.select(id),
      (id) => this.#toggle(id),
    );
    this.#spacer.append(row.element);
    return row;
  }

  #toggle(id: string): void {
    if (!this.#closed.delete(id)) this.#closed.add(id);
    if (this.#scene) this.render(this.#scene);
  }

  #key(event: KeyboardEvent): void {
    const at = this.#shown.findIndex(({ entry }) => entry.id === this.#scene?.selected);
    const { key } = event;
    let next: number | undefined;
    if (key === 'ArrowDown') next = at + 1;
    else if (key === 'ArrowUp') next = Math.max(0, at - 1);
    else if ((key === 'ArrowLeft' || key === 'ArrowRight') && this.#shown[at]) {
      const { entry } = this.#shown[at];
      if (this.#closed.has(entry.id) === (key === 'ArrowRight')) this.#toggle(entry.id);
    } else return;
    event.preventDefault();
    event.stopPropagation();
    const row = next === undefined ? undefined : this.#shown[next];
    if (!row) return;
    this.commands.select(row.entry.id);
    const top = next! * ROW_HEIGHT;
    const { scrollTop, clientHeight } = this.element;
    if (top < scrollTop) this.element.scrollTop = top;
    else if (top + ROW_HEIGHT > scrollTop + clientHeight) this.element.scrollTop = top + ROW_HEIGHT - clientHeight;
  }
}

/** One line, used for whichever actor stands there. */
class RowElement {
  readonly element: HTMLElement;
  readonly #twist = html('button', { class: 'tree-twist', tabindex: -1, 'aria-label': 'open or close' });
  readonly #dot = html('span', { class: 'tree-dot' });
  readonly #name = html('span', { class: 'tree-name' });
  readonly #state = html('span', { class: 'chip' });
  readonly #depth = html('span', { class: 'tree-depth', title: 'events waiting in the mailbox' });
  readonly #served = html('span', { class: 'tree-served', title: 'events served since the recording began' });
  #id = '';

  constructor(select: (id: string) => void, toggle: (id: string) => void) {
    const parts = [this.#twist, this.#dot, this.#name, this.#state, this.#depth, this.#served];
    this.element = html('div', { class: 'tree-row', role: 'treeitem', onclick: () => select(this.#id) }, ...parts);
    this.#twist.addEventListener('click', (event) => {
      event.stopPropagation();
      toggle(this.#id);
    });
  }

  show(row: TreeRow | undefined, top: number, selected: string | undefined, closed: ReadonlySet<string>): void {
    this.element.hidden = row === undefined;
    if (!row) return;
    const { entry, level, children } = row;
    this.#id = entry.id;
    this.element.style.setProperty('transform', `translateY(${top}px)`);
    this.element.style.setProperty('--level', String(level));
    this.element.classList.toggle('selected', entry.id === selected);
    this.element.classList.toggle('crashed', entry.reason !== undefined);
    this.element.dataset['actor'] = entry.id;
    this.#twist.hidden = children === 0;
    this.#twist.classList.toggle('closed', closed.has(entry.id));
    const state = formatState(entry.state);
    this.#dot.dataset['type'] = entry.type;
    this.#dot.classList.toggle('busy', state === 'serving' || state === 'held' || state === 'writing');
    setText(this.#name, entry.name);
    setText(this.#state, state);
    this.#state.classList.toggle('lit', entry.type === 'machine');
    setText(this.#depth, entry.depth > 0 ? formatCount(entry.depth) : '');
    this.#depth.style.setProperty('--depth', String(Math.min(1, Math.log10(entry.depth + 1) / 4)));
    setText(this.#served, entry.served > 0 ? formatCount(entry.served) : '');
  }
}
