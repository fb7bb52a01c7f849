import { TimeSeries } from './time-series.js';

/** What a set of values looks like. Percentiles are interpolated linearly at `p * (count - 1)`. */
export class Statistics {
  private constructor(
    readonly count: number,
    readonly min: number,
    readonly max: number,
    readonly p25: number,
    readonly p50: number,
    readonly p75: number,
    readonly p90: number,
    readonly p95: number,
    readonly p99: number,
    readonly p999: number,
    readonly p9999: number,
  ) {}

  /** Of at least two values; undefined for fewer. Mirrors libprocess `Statistics::from`. */
  static from(values: TimeSeries | Iterable<number>): Statistics | undefined {
    const numbers = values instanceof TimeSeries ? values.get().map(({ value }) => value) : Array.from(values);
    if (numbers.length < 2) return undefined;
    const sorted = Float64Array.from(numbers).toSorted();
    const at = (p: number): number => percentile(sorted, p);
    return new Statistics(
      sorted.length,
      sorted[0]!,
      sorted[sorted.length - 1]!,
      at(0.25),
      at(0.5),
      at(0.75),
      at(0.9),
      at(0.95),
      at(0.99),
      at(0.999),
      at(0.9999),
    );
  }
}

function percentile(sorted: Float64Array, p: number): number {
  const position = p * (sorted.length - 1);
  const below = Math.floor(position);
  const low = sorted[below]!;
  const high = sorted[Math.min(below + 1, sorted.length - 1)]!;
  return low + (high - low) * (position - below);
}
