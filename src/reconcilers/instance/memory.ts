import type { RestartBackoff } from './backoff.ts';
import type { FoundWork } from './world.ts';

/**
 * What this daemon remembers of one slice's work beyond what the driver tells. Losing it (a restart of the daemon)
 * costs a little time and nothing else. All times are monotonic ms of the injected clock.
 */
export interface WorkMemory {
  /** One process of the work; another one starts with fresh readiness. */
  readonly run?: string;
  /** When this daemon first saw that run alive. */
  readonly runningSinceMs?: number;
  /** It was alive when this daemon first looked. */
  readonly adopted: boolean;
  /** When this daemon first saw that it had ended. */
  readonly exitSeenMs?: number;
  /** Restarts since the place was taken or the template changed. */
  readonly restarts: number;
  /** Ends in a row, without a healthy time between. */
  readonly failures: number;
  /** The last start failed: nothing runs, the driver said why. Counts only for the template that was tried. */
  readonly startFailure?: {
    readonly atMs: number;
    readonly message: string;
    readonly templateHash: string;
  };
  /** We ended it: the next start is no restart. */
  readonly stoppedByUs: boolean;
  readonly ready: boolean;
  /** When the last readiness command ended, and how many in a row have failed. */
  readonly probedMs?: number;
  readonly probeFailures: number;
  readonly probing: boolean;
}

export const freshMemory: WorkMemory = {
  adopted: false,
  restarts: 0,
  failures: 0,
  stoppedByUs: false,
  ready: false,
  probeFailures: 0,
  probing: false,
};

/** What one look at the driver adds to the memory: a new run, an end. */
export function observe(
  memory: WorkMemory | undefined,
  found: FoundWork | undefined,
  nowMs: number,
  config: RestartBackoff,
): WorkMemory {
  const before = memory ?? freshMemory;
  if (found === undefined) return before;
  const run = runOf(found);
  if (found.state !== 'exited') {
    if (before.run === run && before.runningSinceMs !== undefined) return before;
    return {
      ...freshMemory,
      run,
      runningSinceMs: nowMs,
      adopted: memory === undefined,
      restarts: found.restarts,
      failures: found.failures,
    };
  }
  if (before.run === run && before.exitSeenMs !== undefined) return before;
  const ranMs = before.runningSinceMs === undefined ? 0 : nowMs - before.runningSinceMs;
  const { run: _run, runningSinceMs: _runningSinceMs, ...rest } = before;
  return {
    ...rest,
    run,
    exitSeenMs: nowMs,
    restarts: found.restarts,
    failures: (ranMs >= config.healthyMs ? 0 : found.failures) + 1,
    ready: false,
    probing: false,
    probeFailures: 0,
  };
}

function runOf(found: FoundWork): string {
  const { driver, templateHash, index, restarts, startedAt = '' } = found;
  return [driver, templateHash, index, restarts, startedAt].join(' ');
}
