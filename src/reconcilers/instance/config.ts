import { type RestartBackoff, restartBackoff } from './backoff.ts';

/** How a peer runs the work of its places. */
export interface InstanceConfig {
  readonly backoff: RestartBackoff;
  /**
   * Without a readiness command an instance is Ready when it has run this long, ms: what ends at once is never called
   * Ready. More delays the roll-out of every slice.
   */
  readonly settledMs: number;
  /** Milliseconds until something that failed for the driver's or the store's reasons is tried again. */
  readonly retryMs: number;
}

export const instanceConfig: InstanceConfig = {
  backoff: restartBackoff,
  settledMs: 200,
  retryMs: 1000,
};
