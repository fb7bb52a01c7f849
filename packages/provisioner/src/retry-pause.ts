const firstPauseMs = 1_000;
const longestPauseMs = 60_000;

/**
 * How long to wait, in milliseconds, before something is tried again that the machine refused: 1 s, 2 s, 4 s, …
 * and at the latest a minute (T32).
 *
 * @param retries  how often it has been tried again before
 */
export function retryPauseMs(retries: number): number {
  return Math.min(firstPauseMs * 2 ** retries, longestPauseMs);
}
