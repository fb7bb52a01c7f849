import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import type { Runtime } from '@keelson/process';
import type { InspectionEvent, Observer } from 'xstate';
import type { RecorderOptions } from './recorder.js';
import { Recorder } from './recorder.js';
import { InspectorEndpoint } from './server/inspector-endpoint.js';
import type { ServedPage } from './server/loopback-server.js';
import { serveOnLoopback } from './server/loopback-server.js';
import type { ParentOf } from './stately/xstate-adapter.js';
import { XStateAdapter } from './stately/xstate-adapter.js';

/** How `createActor` wants its inspector. */
export type Inspect = (event: InspectionEvent) => void;

/** Options of {@link createKeelsonInspector}. */
export interface KeelsonInspectorOptions extends RecorderOptions {
  /** Told everything XState tells us, too: another inspector, Stately's for example. */
  readonly inspect?: Inspect | Observer<InspectionEvent> | undefined;
  /** Whose page it is; default `Keelson`. */
  readonly title?: string;
  /** Where in the tree a machine hangs that no machine spawned, by the id it was created with. */
  readonly parentOf?: ParentOf;
  /** Answers the picture of a store; see {@link StorePicture}. */
  readonly picture?: () => PromiseLike<unknown>;
  /** A saved trace, as text, that the page opens in place of the live stream. */
  readonly trace?: string;
  /** Put before the session ids of XState, which every program counts from 0; default `xstate`. */
  readonly prefix?: string;
}

/** Somebody who looks at actors and state machines. */
export class KeelsonInspector {
  readonly recorder: Recorder;
  /** For `createActor(machine, { inspect })`. One is enough for any number of actors. */
  readonly inspect: Inspect;
  readonly #endpoint: InspectorEndpoint;
  #served: Promise<ServedPage> | undefined;

  constructor(options: KeelsonInspectorOptions = {}) {
    const { inspect: also, title = 'Keelson', parentOf, picture, trace, prefix } = options;
    const recorder = new Recorder(options);
    const adapter = new XStateAdapter(recorder, prefix, parentOf);
    this.recorder = recorder;
    this.inspect = (event) => {
      adapter.inspect(event);
      if (typeof also === 'function') also(event);
      else also?.next?.(event);
    };
    this.#endpoint = new InspectorEndpoint({ recorder, title, picture, trace });
  }

  /** Shows the processes and locks of `runtime` too; answers how to stop. Once per inspector. */
  watch(runtime: Runtime): () => void {
    return this.recorder.watch(runtime);
  }

  /** Records every event from now on, as if somebody looked already; answers how to stop. */
  look(): () => void {
    return this.recorder.look();
  }

  /** Answers requests below `/inspector/`, false for others: for who has an HTTP server already. */
  handle(request: IncomingMessage, response: ServerResponse): boolean {
    return this.#endpoint.handle(request, response);
  }

  /** Takes over WebSockets below `/inspector/`, false for others. */
  upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): boolean {
    return this.#endpoint.upgrade(request, socket, head);
  }

  /** What follows `/inspector/` in the address of the page, so that it may show anything. */
  get fragment(): string {
    return this.#endpoint.fragment;
  }

  /**
   * Serves the page on 127.0.0.1; asked twice it is done once.
   *
   * @param port  0, the default, for any that is free
   * @throws InspectorError INSPECTOR_UNUSABLE
   */
  listen(port = 0): Promise<ServedPage> {
    this.#served ??= serveOnLoopback(this.#endpoint, port);
    return this.#served;
  }

  /** Ends every stream, and the server if there is one. */
  async close(): Promise<void> {
    this.#endpoint.close();
    const served = this.#served;
    this.#served = undefined;
    await (await served)?.close();
  }
}

/**
 * Makes the state machines and processes of a program visible: in the page of Keelson, which works offline, and in the
 * inspector of Stately.
 *
 * @example
 * const inspector = createKeelsonInspector();
 * createActor(machine, { inspect: inspector.inspect }).start();
 * inspector.watch(runtime);
 * console.log((await inspector.listen()).url);
 */
export function createKeelsonInspector(options: KeelsonInspectorOptions = {}): KeelsonInspector {
  return new KeelsonInspector(options);
}
