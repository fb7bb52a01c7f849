/** A point of a route, in the coordinates of the graph that holds the edge. */
export interface Point {
  readonly x: number;
  readonly y: number;
}

/** A graph as ELK takes and answers it, as far as this page uses it. */
export interface LayoutNode {
  readonly id: string;
  x?: number;
  y?: number;
  width?: number;
  height?: number;
  readonly layoutOptions?: Readonly<Record<string, string>>;
  readonly children?: LayoutNode[];
  readonly edges?: LayoutEdge[];
}

export interface LayoutLabel {
  readonly text: string;
  x?: number;
  y?: number;
  readonly width: number;
  readonly height: number;
}

export interface LayoutEdge {
  readonly id: string;
  readonly sources: readonly string[];
  readonly targets: readonly string[];
  readonly labels?: LayoutLabel[];
  /** The node in whose coordinates the route is. */
  readonly container?: string;
  readonly sections?: readonly {
    readonly startPoint: Point;
    readonly endPoint: Point;
    readonly bendPoints?: readonly Point[];
  }[];
}

interface Answer {
  readonly id: number;
  readonly data?: LayoutNode;
  readonly error?: unknown;
}

/** Lays graphs out in a worker, so that the page goes on meanwhile. */
export class LayoutClient {
  #worker: Worker | undefined;
  #lastId = 0;
  readonly #waiting = new Map<number, { resolve: (node: LayoutNode) => void; reject: (error: Error) => void }>();

  /** Loads the library before it is needed, which takes longer than most layouts. */
  warmUp(): void {
    this.#started();
  }

  layout(graph: LayoutNode): Promise<LayoutNode> {
    const worker = this.#started();
    const id = (this.#lastId += 1);
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, { resolve, reject });
      // eslint-disable-next-line unicorn/require-post-message-target-origin -- a worker has no origin
      worker.postMessage({ id, cmd: 'layout', graph, layoutOptions: {}, options: {} });
    });
  }

  /** elkjs loads algorithms by name; what it answers names the request. */
  #started(): Worker {
    if (this.#worker) return this.#worker;
    const worker = new Worker('layout-worker.js');
    worker.addEventListener('message', ({ data }: MessageEvent<Answer>) => {
      const waiting = this.#waiting.get(data.id);
      this.#waiting.delete(data.id);
      const why = data.error && JSON.stringify(data.error);
      if (why) waiting?.reject(new Error(`cannot lay the chart out: ${why}`));
      else if (data.data) waiting?.resolve(data.data);
    });
    // eslint-disable-next-line unicorn/require-post-message-target-origin -- a worker has no origin
    worker.postMessage({ id: 0, cmd: 'register', algorithms: ['layered'] });
    return (this.#worker = worker);
  }
}
