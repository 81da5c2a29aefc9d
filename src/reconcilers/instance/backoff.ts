/** How an instance that ends by itself is started again. */
export interface RestartBackoff {
  /** Delay before the second restart in a row, ms; the first is at once, for most ends are accidents. */
  readonly firstMs: number;
  /** Each further end in a row doubles the delay, up to this, ms. */
  readonly longestMs: number;
  /** Having run this long, ms, an instance counts as healthy, and its next end as the first. */
  readonly healthyMs: number;
}

export const restartBackoff: RestartBackoff = {
  firstMs: 1000,
  longestMs: 300_000,
  healthyMs: 600_000,
};

/** Milliseconds between the end number `failures` (from 1) in a row and the restart. */
export function restartDelayMs(failures: number, config: RestartBackoff): number {
  if (failures <= 1) return 0;
  return Math.min(config.longestMs, config.firstMs * 2 ** Math.min(failures - 2, 30));
}
