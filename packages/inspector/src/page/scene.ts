import type { ActorTable } from '../records/actor-table.js';
import type { Hello } from './connection.js';
import type { History } from './history.js';

/** The names of the views, in their order. */
export const viewNames = ['actors', 'machines', 'messages', 'locks', 'store'] as const;
export type ViewName = (typeof viewNames)[number];

/** What a view is asked to show. */
export interface Scene {
  readonly history: History;
  /** The moment looked at. */
  readonly at: number;
  readonly isLive: boolean;
  readonly table: ActorTable;
  /** The actor looked at. */
  readonly selected: string | undefined;
  /** Lower case; empty for everything. */
  readonly query: string;
  readonly hello: Hello | undefined;
  /** Whether the records come out of a file. */
  readonly isSaved: boolean;
}

/** What views may ask of the page. */
export interface Commands {
  select(actor: string | undefined): void;
  show(view: ViewName): void;
  /** Looks at a moment, and stops following the present. */
  goTo(at: number): void;
  /** Shows the same again soon, because something a view waited for has come. */
  refresh(): void;
  /** Answers a document beside the page. */
  ask(name: string): Promise<Response>;
}

/** One of the five pictures of the page. */
export interface View {
  readonly element: HTMLElement;
  render(scene: Scene): void;
}
