import type { ActorEntry } from '../../records/actor-table.js';
import { PROCESS_MACHINE } from '../../records/known-machines.js';
import { leafStates } from '../chart/active-states.js';
import type { Lighting } from '../chart/chart-drawing.js';
import { ChartPane, lightingOf } from '../chart/chart-pane.js';
import { html } from '../elements.js';
import { formatState } from '../format.js';
import type { Commands, Scene, View } from '../scene.js';
import { fits, grouped } from './actor-tree.js';

const MOST_CHIPS = 60;

/** Every chart there is: with one actor its state and last transition lit, without one how many are where. */
export class MachinesView implements View {
  readonly element: HTMLElement;
  readonly #kinds = html('div', { class: 'kinds', role: 'tablist', 'aria-label': 'Charts' });
  readonly #actors = html('div', { class: 'chips', 'aria-label': 'Actors of this chart' });
  readonly #pane: ChartPane;
  #machine: string | undefined;
  /** The state that was clicked: only actors in it are offered. */
  #state: string | undefined;
  #selected: string | undefined;
  #key = '';

  constructor(private readonly commands: Commands) {
    this.#pane = new ChartPane((state) => {
      this.#state = this.#state === state ? undefined : state;
      commands.select(undefined);
      commands.refresh();
    });
    this.element = html('div', { class: 'view machines' }, this.#kinds, this.#actors, this.#pane.element);
  }

  render(scene: Scene): void {
    const { table, selected, query } = scene;
    const byMachine = grouped(table.actors.values(), ({ machine }) => machine);
    const chosen = selected === undefined ? undefined : table.actors.get(selected);
    if (chosen && chosen.id !== this.#selected) this.#machine = chosen.machine;
    this.#selected = selected;
    const machines = [...table.definitions.keys()].toSorted(byInterest(byMachine));
    if (this.#machine === undefined || !table.definitions.has(this.#machine)) this.#machine = machines[0];
    const machine = this.#machine ?? '';
    const all = byMachine.get(machine) ?? [];
    const entry = chosen?.machine === machine ? chosen : undefined;
    const offered = all.filter((one) => fits(one, query) && this.#isOffered(one));
    this.#renderChips(machines, byMachine, offered, entry);
    const unlit: Lighting = { active: new Set(), taken: new Set(), counts: countsOf(all) };
    this.#pane.show(machine, table.definitions.get(machine), entry ? lightingOf(entry) : unlit);
  }

  #isOffered({ state }: ActorEntry): boolean {
    const wanted = this.#state;
    if (wanted === undefined) return true;
    return leafStates(state).some((id) => id === wanted || id.startsWith(`${wanted}.`));
  }

  #renderChips(
    machines: readonly string[],
    byMachine: ReadonlyMap<string, readonly ActorEntry[]>,
    offered: readonly ActorEntry[],
    entry: ActorEntry | undefined,
  ): void {
    const shown = offered.slice(0, MOST_CHIPS);
    const counts = machines.map((machine) => byMachine.get(machine)?.length ?? 0);
    const states = shown.map(({ id, state }) => `${id}=${formatState(state)}`);
    const key = JSON.stringify([machines, counts, states, offered.length, entry?.id, this.#machine, this.#state]);
    if (key === this.#key) return;
    this.#key = key;
    this.#kinds.replaceChildren(
      ...machines.map((machine, n) => {
        const isShown = machine === this.#machine;
        const choose = (): void => {
          this.#machine = machine;
          this.#state = undefined;
          this.commands.select(undefined);
          this.commands.refresh();
        };
        const attributes = { class: 'kind', role: 'tab', 'aria-selected': String(isShown), onclick: choose };
        return html('button', attributes, machine, html('span', { class: 'count' }, String(counts[n] ?? 0)));
      }),
    );
    const chips = shown.map((one) => {
      const look = one.id === entry?.id ? 'actor-chip chosen' : 'actor-chip';
      const onclick = (): void => this.#choose(one.id);
      const state = html('span', { class: 'chip lit' }, formatState(one.state));
      return html('button', { class: look, onclick }, one.name, state);
    });
    const more = offered.length - shown.length;
    const rest = more > 0 ? html('span', { class: 'quiet' }, `and ${more} more: search to find them`) : undefined;
    const nobody = 'No actor follows this chart at this moment.';
    const none = offered.length === 0 ? html('span', { class: 'quiet' }, nobody) : undefined;
    this.#actors.replaceChildren(...[...chips, rest, none].filter((node) => node !== undefined));
  }

  #choose(id: string): void {
    this.commands.select(this.#selected === id ? undefined : id);
  }
}

/** Machines of the program first, then what every program has. */
function byInterest(byMachine: ReadonlyMap<string, readonly ActorEntry[]>) {
  const rank = (machine: string): number =>
    (byMachine.has(machine) ? 0 : 2) + (machine === PROCESS_MACHINE ? 1 : 0);
  return (one: string, other: string): number => rank(one) - rank(other) || (one < other ? -1 : 1);
}

function countsOf(entries: readonly ActorEntry[]): ReadonlyMap<string, number> {
  const counts = new Map<string, number>();
  for (const { state } of entries) for (const id of leafStates(state)) counts.set(id, (counts.get(id) ?? 0) + 1);
  return counts;
}
