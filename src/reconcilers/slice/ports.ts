import type { Action } from './action.ts';
import type { ClaimSpec } from '../../objects/kinds/claim.ts';
import type { PeerId, Uid } from '../../objects/ids.ts';
import type { World } from './world.ts';

export type SliceEvent = Extract<Action, { type: 'event' }>;

/** All that the slice reconciler needs of the daemon around it. */
export interface SlicePorts {
  /**
   * What this peer knows now, own claims included; cheap, since it is asked for at every step. A claim that
   * `writeClaim` resolved for is in the next world, and so is work that was started or told to stop.
   */
  world(): Omit<World, 'nowMs'>;
  /** Resolves when the record is durable here; only then is it pushed to others. Rejects if it cannot be written. */
  writeClaim(namespace: string, claim: ClaimSpec): Promise<void>;
  /**
   * Sends my claim of this slice straight to these peers, as a request that is retried for about a second; what they
   * answer (see `SliceReconciler.onClaimReceived`) is merged into the store.
   */
  sendClaim(to: readonly PeerId[], namespace: string, slice: Uid): void;
  /**
   * Asks these peers for all claims of the slice they know and for the deaths they know. Resolves with the number of
   * answers as soon as `enough` have come, or after `timeoutMs`; what was answered is then in the store and in the
   * membership.
   */
  readClaims(
    peers: readonly PeerId[],
    slice: Uid,
    timeoutMs: number,
    enough: number,
  ): Promise<number>;
  readonly overlay: {
    enter(slice: Uid, contacts: readonly PeerId[]): void;
    leave(slice: Uid): void;
  };
  readonly work: {
    /** The place is held: look whether something must be started. */
    start(slice: Uid): void;
    /** Stop whatever of this slice runs here. Told again while it is `running`; from now on it is `stopping`. */
    stop(slice: Uid, reason: string): void;
  };
  event(event: SliceEvent): void;
}
