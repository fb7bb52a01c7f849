const units = ['B', 'kB', 'MB', 'GB', 'TB', 'PB'] as const;

/** A size for people, in decimal units with three digits at most: `999 B`, `1.5 kB`, `12 MB`. */
export function formatBytes(sizeBytes: number): string {
  let value = Math.abs(sizeBytes);
  let unit = 0;
  // 999.95 would be printed as "1000": it belongs to the next unit.
  while (value >= (unit === 0 ? 1000 : 999.5) && unit < units.length - 1) {
    value /= 1000;
    unit += 1;
  }
  const digits = unit === 0 || value >= 9.95 ? value.toFixed(0) : value.toFixed(1);
  return `${sizeBytes < 0 ? '-' : ''}${digits} ${units[unit]}`;
}

/** A duration for people: `340 ms`, `2.1 s`, `3 min 20 s`. */
export function formatDuration(durationMs: number): string {
  if (durationMs < 1000) return `${Math.round(durationMs)} ms`;
  if (durationMs < 59_950) return `${(durationMs / 1000).toFixed(1)} s`;
  const seconds = Math.round(durationMs / 1000);
  return `${Math.floor(seconds / 60)} min ${seconds % 60} s`;
}

/** How long ago a moment was, in its largest unit: `just now`, `5 min ago`, `3 days ago`. */
export function formatAge(moment: string | null | undefined, nowMs: number): string {
  const atMs = moment ? Date.parse(moment) : Number.NaN;
  if (Number.isNaN(atMs)) return '-';
  const minutes = Math.floor((nowMs - atMs) / 60_000);
  if (minutes < 1) return 'just now';
  if (minutes < 120) return `${minutes} min ago`;
  const hours = Math.floor(minutes / 60);
  return hours < 48 ? `${hours} h ago` : `${Math.floor(hours / 24)} days ago`;
}
