import type { ClaimSpec } from '../../objects/kinds/claim.ts';
import type { Membership } from '../../gossip/membership.ts';
import type { OwnerName, PeerId, PeerName, Uid } from '../../objects/ids.ts';
import type { SliceSpec } from '../../objects/kinds/slice.ts';

/** One slice as this peer knows it. */
export interface SliceView {
  readonly uid: Uid;
  readonly namespace: string;
  readonly name: string;
  readonly owner: OwnerName;
  readonly spec: SliceSpec;
  readonly specHash: string;
  /**
   * When it was created, as its record says (wall ms of its creator): equal on every peer, compared with nothing but
   * other slices' numbers. Older slices are filled first; ties by uid.
   */
  readonly createdOrder: number;
  /** Marked for deletion while finalizers hold it: nobody joins, members leave. */
  readonly deleting: boolean;
}

/** A claim record and the namespace of its slice. */
export interface KnownClaim {
  readonly namespace: string;
  readonly spec: ClaimSpec;
}

/** A machine of the cloud, from its Peer record. */
export interface KnownPeer {
  readonly id: PeerId;
  readonly name: PeerName;
  readonly owner: OwnerName;
  readonly labels: Readonly<Record<string, string>>;
  /** Quantities by attribute name: `{cores: '8', memory: '16Gi'}`. */
  readonly attributes: Readonly<Record<string, string>>;
  readonly drivers: readonly { readonly name: string; readonly healthy: boolean }[];
}

/** What the policies of a machine's owner say; trust's `Decision`. */
export interface PolicyDecision {
  readonly allowed: boolean;
  /** The TrustPolicy and the rule in it that decided, if any did. */
  readonly policy?: string;
  readonly rule?: string;
  /** For the refused user. */
  readonly message: string;
}

/** Whether `owner` may use `driver` on `peer`. An undefined driver asks for the place alone (no template). */
export type PolicyFunction = (
  owner: OwnerName,
  driver: string | undefined,
  peer: KnownPeer,
) => PolicyDecision;

/**
 * none: nothing of this slice runs here and nothing will start; running: something does, or may be starting; stopping:
 * it was told to stop and still runs.
 */
export type WorkState = 'none' | 'running' | 'stopping';

export interface Me {
  readonly id: PeerId;
  readonly name: PeerName;
  readonly owner: OwnerName;
  readonly boot: number;
  readonly incarnation: number;
  /** Has pulled records since this boot from two peers that were synced themselves (or from all, if fewer live). */
  readonly synced: boolean;
  /** Monotonic; when this boot (or the waking from a suspend) began to sync. */
  readonly syncingSinceMs: number;
}

/**
 * All that places are decided from. Only what this peer knows; nothing in it is awaited or asked for. `slices`,
 * `claims` and `peers` are read, never kept.
 */
export interface PlacementWorld {
  readonly slices: readonly SliceView[];
  readonly claims: readonly KnownClaim[];
  readonly membership: Membership;
  readonly peers: readonly KnownPeer[];
  readonly policy: PolicyFunction;
  /** The aggregated size of the cloud; used only where more than 1,000 peers live. */
  readonly sizeEstimate?: number;
}

export interface World extends PlacementWorld {
  /** Monotonic ms. */
  readonly nowMs: number;
  readonly me: Me;
  /** True only when the slice is known to be deleted (a tombstone), never because its record is missing. */
  isGone(slice: Uid): boolean;
  /** Peers with a link now. */
  readonly neighbours: readonly PeerId[];
  /** By slice, of this machine; what is not listed is `none`. */
  readonly work: ReadonlyMap<Uid, WorkState>;
  /** p99 of the one-way latency to neighbours (half the round trip), ms; undefined until measured. */
  readonly oneWayP99Ms?: number;
}
