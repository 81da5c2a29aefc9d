import type { Readiness } from '../../objects/kinds/slice.ts';
import type { InstanceConfig } from './config.ts';
import type { WorkMemory } from './memory.ts';
import type { FoundWork } from './world.ts';

const periodSecondsDefault = 1;
const failureThresholdDefault = 3;

/** Milliseconds that a readiness command may take. Default one second. */
export function probeTimeoutMs(readiness: Readiness): number {
  return 1000 * (readiness.timeoutSeconds ?? 1);
}

interface Probing {
  readonly memory: WorkMemory;
  readonly probe?: { readonly driver: string; readonly id: string };
  readonly wakeAtMs?: number;
}

/**
 * Whether a running instance is Ready, and whether to ask it now. With a readiness command: after its first success,
 * until `failureThreshold` failures in a row. Without: when it has run for `settledMs`, or was found running.
 */
export function readiness(
  wanted: Readiness | undefined,
  running: FoundWork,
  memory: WorkMemory,
  nowMs: number,
  config: InstanceConfig,
): Probing {
  const sinceMs = memory.runningSinceMs ?? nowMs;
  if (wanted === undefined) {
    const readyAtMs = memory.adopted ? sinceMs : sinceMs + config.settledMs;
    if (nowMs >= readyAtMs) return { memory: memory.ready ? memory : { ...memory, ready: true } };
    return { memory, wakeAtMs: readyAtMs };
  }
  if (memory.probing) return { memory };
  const initialMs = memory.adopted ? 0 : 1000 * (wanted.initialDelaySeconds ?? 0);
  const periodMs = 1000 * (wanted.periodSeconds ?? periodSecondsDefault);
  const dueMs = memory.probedMs === undefined ? sinceMs + initialMs : memory.probedMs + periodMs;
  if (nowMs < dueMs) return { memory, wakeAtMs: dueMs };
  const { driver, id } = running;
  return { memory: { ...memory, probing: true }, probe: { driver, id } };
}

/** What a readiness command's end adds to the memory. */
export function probed(
  memory: WorkMemory,
  wanted: Readiness,
  succeeded: boolean,
  nowMs: number,
): WorkMemory {
  const failures = succeeded ? 0 : memory.probeFailures + 1;
  const threshold = wanted.failureThreshold ?? failureThresholdDefault;
  return {
    ...memory,
    probing: false,
    probedMs: nowMs,
    probeFailures: failures,
    ready: succeeded || (memory.ready && failures < threshold),
  };
}
