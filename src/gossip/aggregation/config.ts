/** How averages are gossiped; `leaders`, `instancesMax` and `thresholdsMax` should be the same at all peers. */
export interface AveragingConfig {
  /** A new epoch begins so long after the last, up to a fifth more. It sheds what liars and lost leaders left behind. */
  readonly epochMs: number;
  /** An exchange without an answer is tried so often; it is what makes loss cheap. */
  readonly triesMax: number;
  /** So many of them a cycle. */
  readonly retriesPerCycle: number;
  /** Partners whose flows are kept in one epoch. */
  readonly pairsMax: number;
  /** Converged: so many exchanges in a row moved no share, and no count by more than this part of it, … */
  readonly convergedExchanges: number;
  readonly convergedDelta: number;
  /** … and at least so many cycles of the epoch have passed. */
  readonly convergedCycles: number;
  /** Expected number of peers that start a count, so that no single death loses the epoch. */
  readonly leaders: number;
  /** Counts carried at most. */
  readonly instancesMax: number;
  /** Thresholds of a rank's distribution carried at most: up to so many distinct values a rank is exact. */
  readonly thresholdsMax: number;
}

export const lanAveraging: AveragingConfig = {
  epochMs: 30_000,
  triesMax: 12,
  retriesPerCycle: 2,
  pairsMax: 256,
  convergedExchanges: 3,
  convergedDelta: 5e-4,
  convergedCycles: 6,
  leaders: 5,
  instancesMax: 12,
  thresholdsMax: 50,
};

export const wanAveraging: AveragingConfig = { ...lanAveraging, epochMs: 60_000 };

export function checkAveraging(config: AveragingConfig): void {
  if (config.leaders < 1 || config.leaders > config.instancesMax) {
    throw new RangeError(
      `leaders is 1 to instancesMax (${config.instancesMax}), not ${config.leaders}`,
    );
  }
  if (config.thresholdsMax < 2 || config.thresholdsMax > 100 || config.instancesMax > 64) {
    throw new RangeError('thresholdsMax is 2 to 100, instancesMax at most 64');
  }
}
