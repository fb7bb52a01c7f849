/** What `/proc/PID/stat` tells that we need. */
export interface ProcessStat {
  /** One letter: `R`, `S`, `D`, `Z`, … */
  readonly state: string;
  readonly parentPid: number;
  /** Clock ticks after boot. */
  readonly startTicks: number;
}

/**
 * Reads `/proc/PID/stat`. The second field is the program's name in parentheses, and may hold blanks and
 * parentheses itself: what follows begins after the last one. Source: proc_pid_stat(5).
 */
export function parseProcessStat(text: string): ProcessStat {
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
  // Counted from 1 in the manual page, and this list begins with field 3.
  return { state: fields[0] ?? '', parentPid: Number(fields[4 - 3]), startTicks: Number(fields[22 - 3]) };
}
