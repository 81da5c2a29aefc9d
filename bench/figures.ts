/** One measured figure beside what it is compared with. */
export interface Figure {
  readonly measure: string;
  readonly unit: 'ms' | 'bytes/s' | 'MB' | '% of a core';
  readonly samples: number;
  readonly p50: number;
  readonly p99?: number;
  readonly max: number;
  /** What we hold ourselves to; compared with the figure that `of` names. */
  readonly bound: number;
  readonly of: 'p50' | 'p99' | 'max';
  /** The reference, with where it was measured. */
  readonly reference: string;
}

/** Nearest-rank percentile of unsorted samples. */
export function percentile(samples: readonly number[], percent: number): number {
  const sorted = samples.toSorted((a, b) => a - b);
  const rank = Math.max(1, Math.ceil((percent / 100) * sorted.length));
  return sorted[rank - 1] ?? Number.NaN;
}

export function figure(
  samples: readonly number[],
  about: Omit<Figure, 'samples' | 'p50' | 'p99' | 'max'>,
): Figure {
  return {
    ...about,
    samples: samples.length,
    p50: round(percentile(samples, 50)),
    ...(samples.length >= 100 ? { p99: round(percentile(samples, 99)) } : {}),
    max: round(Math.max(...samples)),
  };
}

/** A table for people; a figure that misses its bound says by how much. */
export function table(figures: readonly Figure[]): string {
  const rows = figures.map((entry) => {
    const value = entry.of === 'p99' ? (entry.p99 ?? entry.max) : entry[entry.of];
    const verdict = value <= entry.bound ? 'holds' : `misses by ${round(value - entry.bound)}`;
    return [
      entry.measure,
      `${entry.p50}`,
      entry.p99 === undefined ? '' : `${entry.p99}`,
      `${entry.max}`,
      entry.unit,
      `${entry.of} ≤ ${entry.bound}: ${verdict}`,
      `n=${entry.samples}`,
      entry.reference,
    ];
  });
  const all = [['MEASURE', 'P50', 'P99', 'MAX', 'UNIT', 'OURS', '', 'ELSEWHERE'], ...rows];
  const widths = all[0]!.map((_, column) => Math.max(...all.map((row) => row[column]!.length)));
  return all
    .map((row) =>
      row
        .map((cell, column) => cell.padEnd(widths[column]!))
        .join('   ')
        .trimEnd(),
    )
    .join('\n');
}

function round(value: number): number {
  return value >= 100 ? Math.round(value) : Math.round(value * 100) / 100;
}
