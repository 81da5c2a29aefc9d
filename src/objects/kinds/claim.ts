import type { ApiObject } from '../object.ts';
import type { PeerId, PeerName, Uid } from '../ids.ts';

export type ClaimState = 'Offered' | 'Held' | 'Released';

/**
 * A peer's own signed statement "I am in this slice" (research: allocation §5). One a peer and slice; its only
 * writer is the peer. It belongs to one boot of that peer and lives as long as that boot does.
 */
export interface ClaimSpec {
  readonly slice: { readonly name: string; readonly uid: Uid };
  readonly peer: PeerName;
  readonly peerId: PeerId;
  readonly boot: number;
  readonly incarnation: number;
  readonly revision: number;
  readonly state: ClaimState;
  /** Hash of the spec that this claim acted on. */
  readonly specHash: string;
  /** Frozen at the Offer; higher goes first. */
  readonly score: number;
  /** A logical counter, taken at Held; lower goes first. 0 while Offered. */
  readonly seniority: number;
  /** P2PCS_INDEX: taken at Held, constant until Released. */
  readonly index?: number;
  /**
   * Of slices sized by percent: the population that its size is taken from. The highest epoch of all claims of the
   * slice counts, so that all peers want the same number of members; the first member in claim order publishes it.
   */
  readonly target?: { readonly epoch: number; readonly population: number };
  /** The holder is giving the place back: its work is being stopped, then it writes Released. */
  readonly leaving?: boolean;
  readonly reason?: string;
}

export interface ClaimStatus {
  /** Ring neighbours by peer name; itself when it is alone. */
  readonly predecessor?: string;
  readonly successor?: string;
  readonly viewedAt?: string;
}

export type Claim = ApiObject<ClaimSpec, ClaimStatus>;
