import { toHex } from '../lib/hex.ts';
import { idOfHash } from './record-digest.ts';
import type { Crypto } from '../lib/crypto.ts';
import type { RecordSet } from '../gossip/anti-entropy/record-set.ts';
import type { PeerId } from '../objects/ids.ts';
import type { RecordStore } from './record-store.ts';

type Offered = ReturnType<RecordSet['offer']>;

/** The store as the set that anti-entropy makes equal. */
export class StoreRecordSet implements RecordSet {
  readonly #store: RecordStore;
  readonly #crypto: Crypto;
  readonly #offer: (bytes: Uint8Array, from: PeerId) => Offered;

  /** @param offer verifies and merges a record from another peer; whoever writes to disk stands behind it */
  constructor(
    store: RecordStore,
    crypto: Crypto,
    offer: (bytes: Uint8Array, from: PeerId) => Offered,
  ) {
    this.#store = store;
    this.#crypto = crypto;
    this.#offer = offer;
  }

  rootHash(): Uint8Array {
    return this.#store.digest.rootHash();
  }

  bucketHash(bucket: number): Uint8Array {
    return this.#store.digest.bucketHash(bucket);
  }

  idsOf(bucket: number): readonly string[] {
    return this.#store.digest.idsOf(bucket);
  }

  get(id: string): Uint8Array | undefined {
    return this.#store.digest.get(id)?.bytes;
  }

  idOf(bytes: Uint8Array): string {
    return idOfHash(toHex(this.#crypto.hash(bytes)));
  }

  offer(bytes: Uint8Array, from: PeerId): Offered {
    return this.#offer(bytes, from);
  }
}
