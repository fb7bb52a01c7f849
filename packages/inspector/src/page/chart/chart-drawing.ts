import { svg } from '../elements.js';
import type { Box, LaidOutChart, Route } from './chart-layout.js';
import { LINE_HEIGHT } from './chart-layout.js';
import type { Point } from './layout-client.js';

/** What of a chart is lit. */
export interface Lighting {
  readonly active: ReadonlySet<string>;
  /** Ids of edges. */
  readonly taken: ReadonlySet<string>;
  /** How many actors are in each state; shown as a badge. */
  readonly counts?: ReadonlyMap<string, number>;
}

/** A chart on the screen. Drawn once; lighting it only switches classes. */
export class ChartDrawing {
  readonly element: SVGSVGElement;
  readonly #boxes = new Map<string, SVGGElement>();
  readonly #badges = new Map<string, SVGTextElement>();
  readonly #routes = new Map<string, SVGGElement>();

  constructor(
    readonly layout: LaidOutChart,
    onState: (id: string) => void,
  ) {
    const { width, height, boxes, dots, routes } = layout;
    const name = layout.chart.root.name;
    this.element = svg('svg', { class: 'chart', viewBox: `0 0 ${width} ${height}`, role: 'img', 'aria-label': name });
    this.element.append(arrowHeads());
    for (const box of boxes) this.element.append(this.#box(box, onState));
    for (const { x, y } of dots) this.element.append(svg('circle', { class: 'chart-initial', cx: x, cy: y, r: 5 }));
    for (const route of routes) this.element.append(this.#route(route));
  }

  /** The last of the states that are lit, in the order in which they were drawn: outer ones first. */
  get innermostActive(): SVGGElement | undefined {
    return [...this.#boxes.values()].findLast((box) => box.classList.contains('active'));
  }

  light({ active, taken, counts }: Lighting): void {
    for (const [id, box] of this.#boxes) {
      box.classList.toggle('active', id !== '' && active.has(id));
      const count = counts?.get(id) ?? 0;
      const badge = this.#badges.get(id);
      if (badge) badge.textContent = count > 0 ? String(count) : '';
      box.classList.toggle('counted', count > 0);
    }
    for (const [id, route] of this.#routes) route.classList.toggle('taken', taken.has(id));
  }

  #box({ state, x, y, width, height }: Box, onState: (id: string) => void): SVGGElement {
    const { id, name, type, notes } = state;
    const isRoot = id === '';
    const holds = state.states.length > 0;
    const group = svg('g', { class: `chart-state ${type}${isRoot ? ' root' : ''}${holds ? ' holds' : ''}` });
    group.append(svg('rect', { x, y, width, height, rx: isRoot ? 12 : 8 }));
    if (type === 'final') {
      group.append(svg('rect', { class: 'inner', x: x + 3, y: y + 3, width: width - 6, height: height - 6, rx: 6 }));
    }
    const center = holds ? x + 14 : x + width / 2;
    const titleY = notes.length > 0 || holds ? y + 20 : y + height / 2 + 4.5;
    group.append(svg('text', { class: 'chart-name', x: center, y: titleY }, name));
    notes.slice(0, 6).forEach((note, n) => {
      group.append(svg('text', { class: 'chart-note', x: center, y: titleY + 6 + (n + 1) * LINE_HEIGHT - 3 }, note));
    });
    const badge = svg('text', { class: 'chart-badge', x: x + width - 8, y: y + 14 });
    group.append(badge);
    if (!isRoot) group.addEventListener('click', () => onState(id));
    this.#boxes.set(id, group);
    this.#badges.set(id, badge);
    return group;
  }

  #route({ id, points, labels }: Route): SVGGElement {
    const group = svg('g', { class: 'chart-edge' }, svg('path', { d: pathOf(points) }));
    for (const { text, x, y, width } of labels) {
      group.append(svg('rect', { class: 'chart-label-back', x, y, width, height: LINE_HEIGHT, rx: 4 }));
      group.append(svg('text', { class: 'chart-label', x: x + width / 2, y: y + 11 }, text));
    }
    this.#routes.set(id, group);
    return group;
  }
}

/** An orthogonal route with rounded corners. */
function pathOf(points: readonly Point[]): string {
  const radius = 6;
  const [first, ...rest] = points;
  if (!first) return '';
  let path = `M${first.x},${first.y}`;
  rest.forEach((point, n) => {
    const before = points[n]!;
    const after = points[n + 2];
    if (!after) {
      path += `L${point.x},${point.y}`;
      return;
    }
    const [enter, leave] = [toward(point, before, radius), toward(point, after, radius)];
    path += `L${enter.x},${enter.y}Q${point.x},${point.y} ${leave.x},${leave.y}`;
  });
  return path;
}

function toward(from: Point, to: Point, distance: number): Point {
  const length = Math.hypot(to.x - from.x, to.y - from.y) || 1;
  const part = Math.min(distance, length / 2) / length;
  return { x: from.x + (to.x - from.x) * part, y: from.y + (to.y - from.y) * part };
}

function arrowHeads(): SVGDefsElement {
  const head = (id: string): SVGMarkerElement =>
    svg(
      'marker',
      { id, viewBox: '0 0 8 8', refX: 7, refY: 4, markerWidth: 7, markerHeight: 7, orient: 'auto-start-reverse' },
      svg('path', { d: 'M0,0.5L8,4L0,7.5z' }),
    );
  return svg('defs', {}, head('arrow'), head('arrow-lit'));
}
