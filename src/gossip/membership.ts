import type { PeerId } from '../objects/ids.ts';

/**
 * alive; suspect (probes fail, still counted as living); away (its daemon announced that it stops: its claims keep
 * their places until `awayUntilMs`, the ring closes without it); dead.
 */
export type Liveness = 'alive' | 'suspect' | 'away' | 'dead';

/** What this peer believes of one peer. Higher (boot, incarnation) always wins; equal ones: the worse state. */
export interface MemberView {
  readonly peer: PeerId;
  /** Grows at every daemon start. */
  readonly boot: number;
  /** Grows when that boot refutes a suspicion. */
  readonly incarnation: number;
  readonly state: Liveness;
  /** Local monotonic time at which `state` was entered. */
  readonly sinceMs: number;
  /** Died by a reset connection and a refused redial: its kernel lives, its work most likely still runs. */
  readonly reset: boolean;
  /** Local monotonic time until which an away peer keeps its places. */
  readonly awayUntilMs?: number;
  /** Multiaddresses, at most 8. */
  readonly addresses: readonly string[];
}

/** The failure detector's belief about every peer, including oneself. */
export interface Membership {
  readonly self: PeerId;
  get(peer: PeerId): MemberView | undefined;
  all(): readonly MemberView[];
}
