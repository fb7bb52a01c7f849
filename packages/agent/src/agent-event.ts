import type { ImageGcRun } from './image-gc-run.js';

/** Something that happened to the agent, its images or its containers. Times are ISO 8601 UTC. */
export type AgentEvent = { readonly at: string } & (
  | { readonly type: 'STARTED'; readonly root: string }
  | { readonly type: 'STOPPED'; readonly reason: string | null }
  | {
      readonly type: 'IMAGE_PULLED';
      readonly reference: string;
      readonly digest: string;
      readonly bytesDownloaded: number;
    }
  | { readonly type: 'CONTAINER_LAUNCHED'; readonly id: string; readonly image: string | null }
  | { readonly type: 'CONTAINER_PROVISIONED'; readonly id: string; readonly image: string }
  | { readonly type: 'CONTAINER_ENDED'; readonly id: string; readonly exitStatus: number | null }
  | { readonly type: 'CONTAINER_REMOVED'; readonly id: string }
  | {
      readonly type: 'IMAGES_PRUNED';
      readonly images: number;
      readonly layers: number;
      readonly plannedBytes: number;
    }
  | ({ readonly type: 'IMAGE_GC' } & ImageGcRun)
);

/** An event before the agent dates it. */
export type UndatedAgentEvent = AgentEvent extends infer Event
  ? Event extends { at: string }
    ? Omit<Event, 'at'>
    : never
  : never;
