import type { InstanceTemplateSpec } from '../objects/kinds/slice.ts';

/** How much a driver keeps its work away from the machine; later is stronger. */
export type Isolation = 'none' | 'kernel' | 'vm';

/** One thing to run. `id` names it on this machine for its whole life: [a-z0-9-], at most 63 characters. */
export interface InstanceRequest {
  readonly id: string;
  readonly template: InstanceTemplateSpec;
  /** P2PCS_* and the template's env, merged; what the command sees. */
  readonly env: Readonly<Record<string, string>>;
  /** Hash of the template; a running instance with another one is an old version. */
  readonly templateHash: string;
  /** Carried through `list()` untouched, so that a restarted daemon knows what it finds. At most 4 KiB as JSON. */
  readonly labels: Readonly<Record<string, string>>;
}

export type RunState = 'starting' | 'running' | 'exited';

/** What the driver knows of one instance, also after the daemon was restarted. */
export interface DriverInstance {
  readonly id: string;
  readonly state: RunState;
  readonly pid?: number;
  /** Wall clock, RFC 3339 with milliseconds. */
  readonly startedAt?: string;
  /** Known after a daemon restart too. Absent with state exited: the reason is unknown (host reboot, lost file). */
  readonly exit?: { readonly code?: number; readonly signal?: string; readonly reason?: string };
  readonly ports: Readonly<Record<string, number>>;
  readonly templateHash: string;
  readonly labels: Readonly<Record<string, string>>;
}

/**
 * Runs instances of one sort. Intent is on disk before anything starts; work outlives the daemon and is found again
 * by `list()`. Every call is idempotent: starting what runs and stopping what is gone succeed. Errors are thrown as
 * `Error` with a message for a user (what, on what, why).
 */
export interface Driver {
  readonly name: string;
  readonly isolation: Isolation;
  /** Whether it can work on this machine, and why not. */
  health(): Promise<{ readonly healthy: boolean; readonly message?: string }>;
  /** Everything this driver has on this machine, re-adopted; never somebody else's (pid reuse, host reboot). */
  list(): Promise<readonly DriverInstance[]>;
  /** Starts it (again, when it has exited). Resolves when the process exists. */
  start(request: InstanceRequest): Promise<DriverInstance>;
  /** Polite signal, then force after `graceMs`; resolves when nothing of it runs any more. */
  stop(id: string, options: { readonly graceMs: number }): Promise<void>;
  /** Stops at once if needed and forgets it, logs included. */
  destroy(id: string): Promise<void>;
  /** Runs a readiness command where the instance runs. */
  exec(
    id: string,
    command: readonly string[],
    timeoutMs: number,
  ): Promise<{ readonly code: number }>;
  /** Log bytes from the last `tailLines` (all when undefined); with follow until aborted or the instance is destroyed. */
  logs(
    id: string,
    options: {
      readonly follow: boolean;
      readonly tailLines?: number;
      readonly signal: AbortSignal;
    },
  ): AsyncIterable<Uint8Array>;
  /** Calls back whenever a state may have changed (an exit); level, not edge: look again with `list()`. */
  onChange(listener: () => void): () => void;
  /** Stops watching; running instances stay. */
  close(): Promise<void>;
}
