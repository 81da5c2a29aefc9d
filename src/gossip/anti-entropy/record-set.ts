import type { PeerId } from '../../objects/ids.ts';

/** Id of a record between replicas: 32 hexadecimal digits. */
export type RecordId = string;

/** The set that two replicas make equal; what its records mean is none of this protocol's business. */
export interface RecordSet {
  /** 32 bytes; equal exactly when the sets are. */
  rootHash(): Uint8Array;
  /** At least 16 bytes; of them the first 16 are compared. */
  bucketHash(bucket: number): Uint8Array;
  /** In the order in which they should be sent: what removes others first. */
  idsOf(bucket: number): readonly RecordId[];
  get(id: RecordId): Uint8Array | undefined;
  /** Of bytes that may be anything. */
  idOf(bytes: Uint8Array): RecordId;
  /**
   * Checks and merges. new: it is in the set now and is passed on. known: it is no news (the set has it, or one that
   * is greater). rejected: it fails a check, or waits for its time elsewhere.
   */
  offer(bytes: Uint8Array, from: PeerId): 'new' | 'known' | 'rejected';
}

export const bucketCount = 256;
