import type { ProcessStatus } from '@keelson/process';
import type { StoreUsage } from '@keelson/store';
import type { AgentState } from '../agent-state.js';
import type { ImageListing } from '../image-listing.js';
import type { ContainerListing } from '../container-listing.js';
import type { MetricFamily } from './prometheus.js';

/** What stands in a root at one moment. */
export interface Standing {
  readonly usage: Pick<StoreUsage, 'liveBytes' | 'cachedBytes' | 'trashBytes' | 'stagingBytes' | 'unaccountedBytes'>;
  readonly images: readonly Pick<ImageListing, 'pinned'>[];
  readonly containers: readonly Pick<ContainerListing, 'state'>[];
  /** How long the oldest of what waits for the sweep has waited. */
  readonly oldestTrashMs: number;
}

/** What the root holds. Pure. */
export function storeFamilies(standing: Standing, prefix: string): readonly MetricFamily[] {
  const { usage, images, containers, oldestTrashMs } = standing;
  const states = new Map<string, number>();
  for (const { state } of containers) states.set(state, (states.get(state) ?? 0) + 1);
  const bytes = {
    live: usage.liveBytes,
    cached: usage.cachedBytes,
    trash: usage.trashBytes,
    staging: usage.stagingBytes,
    unaccounted: usage.unaccountedBytes,
  };
  return [
    {
      name: `${prefix}store_bytes`,
      help: 'Bytes below the root, by what they are.',
      type: 'gauge',
      samples: Object.entries(bytes).map(([state, value]) => ({ labels: { state }, value })),
    },
    {
      name: `${prefix}store_objects`,
      help: 'Images that are here.',
      type: 'gauge',
      samples: [
        { labels: { object: 'image' }, value: images.length },
        { labels: { object: 'pinned_image' }, value: images.filter(({ pinned }) => pinned).length },
      ],
    },
    {
      name: `${prefix}sweep_backlog_bytes`,
      help: 'Bytes that are marked and not yet removed.',
      type: 'gauge',
      samples: [{ value: usage.trashBytes }],
    },
    {
      name: `${prefix}sweep_oldest_seconds`,
      help: 'How long the oldest of what is marked has waited to be removed; 0 if nothing does.',
      type: 'gauge',
      samples: [{ value: oldestTrashMs / 1000 }],
    },
    {
      name: `${prefix}containers`,
      help: 'Containers by their state, ended ones until they are removed.',
      type: 'gauge',
      samples: [...states].toSorted().map(([state, value]) => ({ labels: { state: state.toLowerCase() }, value })),
    },
  ];
}

/** What the agent itself costs, and how it does. */
export function processFamilies(
  agent: { readonly state: AgentState; readonly version: string },
  processes: readonly ProcessStatus[],
  prefix: string,
): readonly MetricFamily[] {
  const { user, system } = process.cpuUsage();
  const one = (name: string, help: string, value: number, type: 'gauge' | 'counter' = 'gauge'): MetricFamily => ({
    name,
    help,
    type,
    samples: [{ value }],
  });
  return [
    {
      name: `${prefix}build_info`,
      help: 'The version, as a label.',
      type: 'gauge',
      samples: [{ labels: { version: agent.version, node: process.version }, value: 1 }],
    },
    one(`${prefix}up`, 'Whether the agent serves: 1 after recovery.', agent.state === 'RUNNING' ? 1 : 0),
    one(`${prefix}processes`, 'Actors.', processes.length),
    one(
      `${prefix}mailbox_depth`,
      'Requests that wait in mailboxes.',
      processes.reduce((sum, { mailboxDepth }) => sum + mailboxDepth, 0),
    ),
    one('process_resident_memory_bytes', 'Memory of the agent that is in use.', process.memoryUsage.rss()),
    one('process_cpu_seconds_total', 'Processor time of the agent.', (user + system) / 1e6, 'counter'),
    one('process_start_time_seconds', 'When the agent was started.', Math.round(Date.now() / 1000 - process.uptime())),
  ];
}

/** How late the event loop is. @param delaySeconds  by percentile, since the start */
export function loopFamily(delaySeconds: (percentile: number) => number, prefix: string): MetricFamily {
  return {
    name: `${prefix}event_loop_delay_seconds`,
    help: 'How late the event loop came to its timers, since the start.',
    type: 'gauge',
    samples: [50, 99].map((percentile) => ({
      labels: { quantile: String(percentile / 100) },
      value: delaySeconds(percentile),
    })),
  };
}
