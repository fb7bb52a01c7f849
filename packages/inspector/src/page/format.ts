import type { Plain, StateValue } from '../records/plain.js';

/** `1.4 MB`: three digits at most, in powers of 1000. */
export function formatBytes(bytes: number): string {
  const units = ['B', 'kB', 'MB', 'GB', 'TB'];
  let value = bytes;
  let unit = 0;
  while (value >= 999.5 && unit < units.length - 1) {
    value /= 1_000;
    unit += 1;
  }
  const text = unit === 0 || value >= 99.95 ? value.toFixed(0) : value.toFixed(1);
  return `${text} ${units[unit]}`;
}

/** `850 ms`, `12.3 s`, `4 min`. */
export function formatDuration(ms: number): string {
  if (ms < 1) return `${ms.toFixed(2)} ms`;
  if (ms < 1_000) return `${Math.round(ms)} ms`;
  if (ms < 60_000) return `${(ms / 1_000).toFixed(1)} s`;
  if (ms < 3_600_000) return `${Math.round(ms / 60_000)} min`;
  return `${(ms / 3_600_000).toFixed(1)} h`;
}

/** `12,345`. */
export function formatCount(count: number): string {
  return count.toLocaleString('en');
}

/** `DESTROYING.failed`; regions of a parallel state side by side. */
export function formatState(state: StateValue): string {
  if (typeof state === 'string') return state;
  return Object.entries(state)
    .map(([region, inner]) => {
      const text = formatState(inner);
      return text === '' ? region : `${region}.${text}`;
    })
    .join(' | ');
}

/** `3f2a91c04d11…`: digests and layer ids as people compare them. */
export function shortDigest(text: string): string {
  return text.replace(/^sha256:/, '').replace(/^([0-9a-f]{12})[0-9a-f]{20,}(?=$|\.)/, '$1');
}

/** A context or an argument in one line. */
export function formatValue(value: Plain): string {
  return typeof value === 'string' ? value : JSON.stringify(value);
}
