import { backEdges } from './back-edges.js';
import type { Chart, ChartState } from './chart-model.js';
import type { LayoutEdge, LayoutNode, Point } from './layout-client.js';
import { LayoutClient } from './layout-client.js';

/** A box of a laid out chart, in the coordinates of the whole. */
export interface Box {
  readonly state: ChartState;
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

/** A route of a laid out chart. */
export interface Route {
  /** The id of the chart's edge; of the arrow to an initial state, `initial` and the state's id. */
  readonly id: string;
  readonly points: readonly Point[];
  readonly labels: readonly { readonly text: string; readonly x: number; readonly y: number; readonly width: number }[];
}

export interface LaidOutChart {
  readonly chart: Chart;
  readonly width: number;
  readonly height: number;
  readonly boxes: readonly Box[];
  readonly dots: readonly Point[];
  readonly routes: readonly Route[];
}

export const LINE_HEIGHT = 15;
export const TITLE_HEIGHT = 30;
const LABEL_FONT = '11px system-ui, sans-serif';
const NAME_FONT = '600 13px system-ui, sans-serif';
const ROOT = '(root)';

const client = new LayoutClient();
const canvas = document.createElement('canvas').getContext('2d')!;

/** How much room there is for a chart. */
export interface Room {
  readonly width: number;
  readonly height: number;
}

/** Smaller than this no chart is shown whole: it scrolls. */
const READABLE = 0.75;

/**
 * Places every state and route, from left to right or from top to bottom, whichever can be shown larger; one that is
 * too large for its pane either way, whichever fits the width: people scroll down. Done once per chart and shape of the
 * pane: events only light what stands.
 */
export async function layOut(chart: Chart, room: Room): Promise<LaidOutChart> {
  const across = await placed(chart, 'RIGHT');
  if (scaleIn(room, across) === 1) return across;
  const down = await placed(chart, 'DOWN');
  const whole = Math.max(scaleIn(room, down), scaleIn(room, across));
  const fit = whole < READABLE ? { ...room, height: Infinity } : room;
  return scaleIn(fit, down) > scaleIn(fit, across) ? down : across;
}

function scaleIn(room: Room, { width, height }: LaidOutChart): number {
  return Math.min(1, room.width / width, room.height / height);
}

/** Loads what lays charts out. */
export function prepareLayout(): void {
  client.warmUp();
}

async function placed(chart: Chart, direction: 'RIGHT' | 'DOWN'): Promise<LaidOutChart> {
  return new Collected(chart, await client.layout(graphOf(chart, direction))).result();
}

function graphOf(chart: Chart, direction: string): LayoutNode {
  const back = backEdges(chart);
  const edges: LayoutEdge[] = chart.edges.map(({ id, source, target, labels }) => ({
    id,
    // What leads back is laid out as if it led on; only its arrow head tells.
    sources: [idOf(back.has(id) ? target : source)],
    targets: [idOf(back.has(id) ? source : target)],
    labels: labels.slice(0, 6).map((text) => ({ text, width: measure(text, LABEL_FONT) + 10, height: LINE_HEIGHT })),
  }));
  const initials: LayoutEdge[] = [];
  const root = nodeOf(chart.root, initials);
  return {
    id: 'graph',
    layoutOptions: {
      'elk.algorithm': 'layered',
      'elk.direction': direction,
      'elk.hierarchyHandling': 'INCLUDE_CHILDREN',
      'elk.edgeRouting': 'ORTHOGONAL',
      'elk.padding': '[top=8,left=8,bottom=8,right=8]',
      'elk.spacing.nodeNode': '28',
      'elk.spacing.edgeNode': '16',
      'elk.spacing.edgeEdge': '14',
      'elk.spacing.edgeLabel': '4',
      'elk.layered.spacing.nodeNodeBetweenLayers': '24',
      'elk.layered.spacing.edgeNodeBetweenLayers': '12',
      'elk.layered.considerModelOrder.strategy': 'NODES_AND_EDGES',
    },
    children: [root],
    edges: [...initials, ...edges],
  };
}

/** The chart begins where the machine does. */
const first = { 'elk.layered.layering.layerConstraint': 'FIRST' };

function nodeOf(state: ChartState, initials: LayoutEdge[]): LayoutNode {
  const lines = state.notes.slice(0, 6);
  const width = Math.max(
    72,
    measure(state.name, NAME_FONT) + 44,
    ...lines.map((line) => measure(line, LABEL_FONT) + 24),
  );
  const height = Math.max(36, TITLE_HEIGHT + lines.length * LINE_HEIGHT + (lines.length > 0 ? 6 : 0));
  if (state.states.length === 0) return { id: idOf(state.id), width, height };
  const children = state.states.map((inner) => nodeOf(inner, initials));
  if (state.initial !== undefined && state.states.some(({ id }) => id === state.initial)) {
    const dot = `initial ${state.initial}`;
    children.unshift({ id: dot, width: 10, height: 10, layoutOptions: first });
    initials.push({ id: `${dot} edge`, sources: [dot], targets: [idOf(state.initial)] });
  }
  return {
    id: idOf(state.id),
    children,
    layoutOptions: {
      'elk.padding': `[top=${height + 6},left=16,bottom=16,right=16]`,
      'elk.nodeSize.constraints': 'MINIMUM_SIZE',
      'elk.nodeSize.minimum': `(${width},${height})`,
    },
  };
}

/** Walks the answer, and makes every coordinate one of the whole. */
class Collected {
  readonly #boxes: Box[] = [];
  readonly #dots: Point[] = [];
  readonly #origins = new Map<string, Point>();
  readonly #states = new Map<string, ChartState>();
  readonly #back: ReadonlySet<string>;

  constructor(
    private readonly chart: Chart,
    private readonly graph: LayoutNode,
  ) {
    this.#back = backEdges(chart);
    const index = (state: ChartState): void => {
      this.#states.set(idOf(state.id), state);
      state.states.forEach(index);
    };
    index(chart.root);
    this.#origins.set('graph', { x: 0, y: 0 });
    for (const node of graph.children ?? []) this.#place(node, { x: 0, y: 0 });
  }

  result(): LaidOutChart {
    const { width = 0, height = 0, edges = [] } = this.graph;
    const routes = edges.flatMap((edge) => this.#route(edge));
    return { chart: this.chart, width, height, boxes: this.#boxes, dots: this.#dots, routes };
  }

  #place(node: LayoutNode, origin: Point): void {
    const x = origin.x + (node.x ?? 0);
    const y = origin.y + (node.y ?? 0);
    this.#origins.set(node.id, { x, y });
    const state = this.#states.get(node.id);
    if (state) this.#boxes.push({ state, x, y, width: node.width ?? 0, height: node.height ?? 0 });
    else this.#dots.push({ x: x + 5, y: y + 5 });
    for (const child of node.children ?? []) this.#place(child, { x, y });
  }

  #route({ id, sections = [], labels = [], container = 'graph' }: LayoutEdge): Route[] {
    const origin = this.#origins.get(container) ?? { x: 0, y: 0 };
    const moved = ({ x, y }: Point): Point => ({ x: x + origin.x, y: y + origin.y });
    const placed = labels.map(({ text, x = 0, y = 0, width }) => ({ text, ...moved({ x, y }), width }));
    return sections.map(({ startPoint, endPoint, bendPoints = [] }) => {
      const points = [startPoint, ...bendPoints, endPoint].map(moved);
      return { id, points: this.#back.has(id) ? points.toReversed() : points, labels: placed };
    });
  }
}

function idOf(state: string): string {
  return state === '' ? ROOT : state;
}

function measure(text: string, font: string): number {
  canvas.font = font;
  return Math.ceil(canvas.measureText(text).width);
}
