import type { Plain, PlainObject } from '../../records/plain.js';

/** A state of a chart; `id` is the path from the root, joined by dots, which is what a transition names. */
export interface ChartState {
  readonly id: string;
  readonly name: string;
  readonly type: 'atomic' | 'compound' | 'parallel' | 'final' | 'history';
  readonly initial: string | undefined;
  readonly states: readonly ChartState[];
  /** What is done without leaving: transitions without a target, entry and exit actions, invocations. */
  readonly notes: readonly string[];
}

/** All transitions from one state to another, with the events that take them. */
export interface ChartEdge {
  readonly id: string;
  readonly source: string;
  readonly target: string;
  readonly labels: readonly string[];
  /** The bare events of `labels`. */
  readonly events: readonly string[];
}

/** A machine's definition as it is drawn. */
export interface Chart {
  readonly root: ChartState;
  readonly edges: readonly ChartEdge[];
}

const DEEPEST = 12;
const MOST_STATES = 400;

/**
 * Reads the configuration of an XState machine. What is unknown or malformed is left out: charts come from programs
 * and files of others.
 */
export function readChart(definition: PlainObject): Chart {
  const reader = new ChartReader(definition);
  return { root: reader.root, edges: reader.edges() };
}

class ChartReader {
  readonly root: ChartState;
  readonly #configs = new Map<string, PlainObject>();
  readonly #byName = new Map<string, string>();
  readonly #edges = new Map<string, { source: string; target: string; labels: string[]; events: string[] }>();
  readonly #notes = new Map<string, string[]>();
  #count = 0;

  constructor(definition: PlainObject) {
    const name = typeof definition['id'] === 'string' ? definition['id'] : 'machine';
    this.#collect('', definition, 0);
    for (const [path, config] of this.#configs) this.#transitions(path, config);
    this.root = this.#state('', name, definition, 0);
  }

  edges(): ChartEdge[] {
    return [...this.#edges].map(([id, edge]) => ({ id, ...edge }));
  }

  #collect(path: string, config: PlainObject, depth: number): void {
    if (depth > DEEPEST || (this.#count += 1) > MOST_STATES) return;
    this.#configs.set(path, config);
    if (typeof config['id'] === 'string') this.#byName.set(config['id'], path);
    for (const [name, inner] of statesOf(config)) this.#collect(joined(path, name), inner, depth + 1);
  }

  #state(path: string, name: string, config: PlainObject, depth: number): ChartState {
    const inner = statesOf(config).filter(([child]) => this.#configs.has(joined(path, child)));
    const states = inner.map(([child, of]) => this.#state(joined(path, child), child, of, depth + 1));
    const { type, initial } = config;
    const known = type === 'final' || type === 'history' || type === 'parallel' ? type : undefined;
    return {
      id: path,
      name,
      type: known ?? (states.length > 0 ? 'compound' : 'atomic'),
      initial: typeof initial === 'string' && known !== 'parallel' ? joined(path, initial) : undefined,
      states,
      notes: [...actionNotes(config), ...(this.#notes.get(path) ?? [])],
    };
  }

  #transitions(path: string, config: PlainObject): void {
    for (const [event, to] of entriesOf(config['on'])) this.#add(path, event, event, to);
    for (const [delay, to] of entriesOf(config['after'])) {
      this.#add(path, `after ${delay}`, `xstate.after.${delay}`, to);
    }
    if (config['always'] !== undefined) this.#add(path, 'always', '', config['always']);
    if (config['onDone'] !== undefined) this.#add(path, 'done', 'xstate.done', config['onDone']);
    for (const invoked of listOf(config['invoke'])) {
      const { onDone, onError } = objectOf(invoked);
      if (onDone !== undefined) this.#add(path, 'done', 'xstate.done', onDone);
      if (onError !== undefined) this.#add(path, 'error', 'xstate.error', onError);
    }
  }

  #add(path: string, label: string, event: string, to: Plain): void {
    for (const one of listOf(to)) {
      const { target, guard } = typeof one === 'string' ? { target: one, guard: undefined } : objectOf(one);
      const shown = guard === undefined ? label : `${label} [${nameOf(guard)}]`;
      const targets = listOf(target).filter((name): name is string => typeof name === 'string');
      if (targets.length === 0) this.#note(path, shown);
      for (const name of targets) {
        const found = this.#resolve(path, name);
        if (found !== undefined) this.#edge(path, found, shown, event);
      }
    }
  }

  /** `#id.child`, `.child` or a sibling and its children. */
  #resolve(path: string, target: string): string | undefined {
    const [first = '', ...rest] = target.replace(/^[#.]/, '').split('.');
    let begin: string | undefined;
    if (target.startsWith('#')) begin = this.#byName.get(first);
    else if (target.startsWith('.')) begin = joined(path, first);
    else begin = joined(path.split('.').slice(0, -1).join('.'), first);
    if (begin === undefined) return undefined;
    const found = rest.reduce(joined, begin);
    return this.#configs.has(found) ? found : undefined;
  }

  #edge(source: string, target: string, label: string, event: string): void {
    const id = `${source} > ${target}`;
    const known = this.#edges.get(id) ?? { source, target, labels: [], events: [] };
    this.#edges.set(id, known);
    if (!known.labels.includes(label)) known.labels.push(label);
    known.events.push(event);
  }

  #note(path: string, note: string): void {
    this.#notes.set(path, [...(this.#notes.get(path) ?? []), note]);
  }
}

function actionNotes(config: PlainObject): string[] {
  const names = (key: string): string => listOf(config[key]).map(nameOf).join(', ');
  return [
    ...(config['entry'] === undefined ? [] : [`entry / ${names('entry')}`]),
    ...(config['exit'] === undefined ? [] : [`exit / ${names('exit')}`]),
    ...listOf(config['invoke']).map((invoked) => `invoke / ${nameOf(objectOf(invoked)['src'])}`),
  ];
}

function nameOf(value: Plain | undefined): string {
  if (typeof value === 'string') return value;
  const { type } = objectOf(value);
  return typeof type === 'string' ? type : 'inline';
}

function statesOf(config: PlainObject): [string, PlainObject][] {
  return entriesOf(config['states']).map(([name, state]) => [name, objectOf(state)]);
}

function entriesOf(value: Plain | undefined): [string, Plain][] {
  return Object.entries(objectOf(value));
}

function objectOf(value: Plain | undefined): PlainObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as PlainObject) : {};
}

function listOf(value: Plain | undefined): readonly Plain[] {
  if (value === undefined || value === null) return [];
  return Array.isArray(value) ? (value as readonly Plain[]) : [value];
}

function joined(path: string, name: string): string {
  return path === '' ? name : `${path}.${name}`;
}
