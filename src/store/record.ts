import type { CloudId, KindKey, OwnerName, PeerId, Uid } from '../objects/ids.ts';
import type { JsonObject } from '../objects/json.ts';

/**
 * The store is a map of slots; each slot holds the one record that is greatest by (order, signer, hash). Merging is
 * therefore commutative, associative and idempotent by construction. Slots of one object (one uid):
 *
 * - `object`      the object itself: metadata that is replicated, spec; for peer-written kinds also status
 * - `deleting`    somebody asked for deletion while finalizers hold it; once there it stays (deletionTimestamp)
 * - `finalizer/N` present or absent, merged per element
 * - `tombstone`   the uid is gone for good: beats and drops all other slots of this uid; kept 30 days
 */
export type Slot = 'object' | 'deleting' | 'tombstone' | `finalizer/${string}`;

/**
 * owner: written for an owner by any peer that holds the owner's delegation; `order` is a hybrid logical clock
 * [wall ms, counter]. peer: a peer speaks of itself (Peer, Claim, Instance); `order` is [boot, revision], no clock.
 */
export type RecordClass = 'owner' | 'peer';

export interface RecordBody {
  readonly version: 1;
  readonly cloud: CloudId;
  readonly class: RecordClass;
  readonly kind: KindKey;
  /** Empty for cluster-scoped kinds. */
  readonly namespace: string;
  readonly name: string;
  readonly uid: Uid;
  readonly slot: Slot;
  readonly order: readonly [number, number];
  /** Hex hash of the record of this slot that the write was based on; null for the first. */
  readonly base: string | null;
  /**
   * What `base` was based on, newest first: the first 16 digits of at most 7 hashes. Replicas keep only the newest
   * record of a slot, so a record brings its own history, and "is no ancestor" can be told without the others.
   */
  readonly lineage: readonly string[];
  /** `cloud`, or the uid of a slice. */
  readonly scope: string;
  readonly owner: OwnerName;
  readonly signer: PeerId;
  /** The slot's value: object slot: {metadata, spec, status?, …}; finalizer: {present}; others: {at}. */
  readonly value: JsonObject;
}

/** A record whose bounds, decoding, signature and chain were checked. `bytes` are what was signed and sent. */
export interface VerifiedRecord {
  readonly body: RecordBody;
  /** Hex SHA-256 of `bytes`. */
  readonly hash: string;
  /** The whole envelope as sent: signed body, signature, certificate chain. At most 256 KiB. */
  readonly bytes: Uint8Array;
  /** Peer class: when the writer's certificate was issued; on a clash of names the older certificate keeps it. */
  readonly certifiedAtMs?: number;
}
