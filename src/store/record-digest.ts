import type { Crypto } from '../lib/crypto.ts';
import { bucketCount } from '../gossip/anti-entropy/record-set.ts';
import { compareRecords, compareTexts } from './record-order.ts';
import type { VerifiedRecord } from './record.ts';

/** A record's id between replicas: the first 32 digits of its hash. */
const idDigits = 32;

interface Bucket {
  readonly ids: Map<string, VerifiedRecord>;
  hash: Uint8Array | undefined;
}

/**
 * What a replica holds, hashed so that two replicas find their difference in three messages: all records in 256
 * buckets by name, a hash a bucket over its sorted record hashes, a hash over the buckets. (A sum or XOR of record
 * hashes would be quicker to keep and could be forged.) Recomputed only where something changed, when asked.
 */
export class RecordDigest {
  readonly #crypto: Crypto;
  readonly #buckets: Bucket[] = [];
  readonly #records = new Map<string, VerifiedRecord>();
  readonly #text = new TextEncoder();
  #root: Uint8Array | undefined;

  constructor(crypto: Crypto) {
    this.#crypto = crypto;
    for (let i = 0; i < bucketCount; i++) this.#buckets.push({ ids: new Map(), hash: undefined });
  }

  get size(): number {
    return this.#records.size;
  }

  /** @param key names the object: all its records fall into one bucket. */
  add(key: string, record: VerifiedRecord): void {
    const id = idOfHash(record.hash);
    this.#records.set(id, record);
    this.#changed(key).set(id, record);
  }

  remove(key: string, record: VerifiedRecord): void {
    const id = idOfHash(record.hash);
    this.#records.delete(id);
    this.#changed(key).delete(id);
  }

  get(id: string): VerifiedRecord | undefined {
    return this.#records.get(id);
  }

  /** Deletions first, then in the order of writing. */
  idsOf(bucket: number): readonly string[] {
    const records = [...this.#bucket(bucket).ids.values()].toSorted(compareForSending);
    return records.map((record) => idOfHash(record.hash));
  }

  /** 32 bytes. */
  bucketHash(bucket: number): Uint8Array {
    const { ids } = this.#bucket(bucket);
    const hash =
      this.#bucket(bucket).hash ??
      this.#crypto.hash(
        this.#text.encode(
          [...ids.values()]
            .map((record) => record.hash)
            .toSorted(compareTexts)
            .join(''),
        ),
      );
    this.#bucket(bucket).hash = hash;
    return hash;
  }

  /** 32 bytes. Equal exactly when two replicas hold the same records. */
  rootHash(): Uint8Array {
    if (this.#root === undefined) {
      const hashes = new Uint8Array(32 * bucketCount);
      for (let i = 0; i < bucketCount; i++) hashes.set(this.bucketHash(i), 32 * i);
      this.#root = this.#crypto.hash(hashes);
    }
    return this.#root;
  }

  #changed(key: string): Map<string, VerifiedRecord> {
    const bucket = this.#bucket(bucketOf(key));
    bucket.hash = undefined;
    this.#root = undefined;
    return bucket.ids;
  }

  #bucket(index: number): Bucket {
    return this.#buckets[index] as Bucket;
  }
}

export function idOfHash(hash: string): string {
  return hash.slice(0, idDigits);
}

function compareForSending(a: VerifiedRecord, b: VerifiedRecord): number {
  const rank = (record: VerifiedRecord): number => (record.body.slot === 'tombstone' ? 0 : 1);
  return rank(a) - rank(b) || compareRecords(a, b);
}

/** FNV-1a: which bucket is a matter of balance, not of trust; all replicas must agree on it. */
function bucketOf(key: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < key.length; i++) {
    hash = Math.imul(hash ^ key.charCodeAt(i), 0x01000193);
  }
  return (hash ^ (hash >>> 8) ^ (hash >>> 16) ^ (hash >>> 24)) & 255;
}
