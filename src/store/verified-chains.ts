import { toHex } from '../lib/hex.ts';
import { verifyDelegation } from '../trust/delegation.ts';
import { verifyOwnerCertificate } from '../trust/owner-certificate.ts';
import { verifyPeerCertificate } from '../trust/peer-certificate.ts';
import type { Crypto } from '../lib/crypto.ts';
import type { Result } from '../lib/result.ts';
import type { CloudId } from '../objects/ids.ts';
import type { Delegation, OwnerCertificate, PeerCertificate } from '../trust/certificates.ts';
import type { RecordClass } from './record.ts';

/** A peer of a large cloud sees one chain a peer and a few an owner. */
const maxKept = 16_384;

export interface Chain {
  readonly owner: OwnerCertificate;
  /** Class owner. */
  readonly delegation?: Delegation;
  /** Class peer. */
  readonly peer?: PeerCertificate;
}

/**
 * Chains that were verified once: a record's two certificates cost two signatures, and nearly all records repeat
 * them. Only what passed is kept, so a forger cannot fill it.
 */
export class VerifiedChains {
  readonly #cloud: { readonly cloud: CloudId; readonly rootKey: Uint8Array };
  readonly #crypto: Crypto;
  readonly #kept = new Map<string, Chain>();

  constructor(cloud: { readonly cloud: CloudId; readonly rootKey: Uint8Array }, crypto: Crypto) {
    this.#cloud = cloud;
    this.#crypto = crypto;
  }

  /** The chain from this cloud's root to who may sign, or why there is none. */
  verify(recordClass: RecordClass, chain: readonly [Uint8Array, Uint8Array]): Result<Chain> {
    const key = `${recordClass} ${this.#hash(chain[0])} ${this.#hash(chain[1])}`;
    const kept = this.#kept.get(key);
    if (kept !== undefined) return { ok: kept };
    const verified = this.#verify(recordClass, chain);
    if (verified.ok === undefined) return verified;
    if (this.#kept.size >= maxKept) this.#kept.clear();
    this.#kept.set(key, verified.ok);
    return verified;
  }

  #verify(recordClass: RecordClass, chain: readonly [Uint8Array, Uint8Array]): Result<Chain> {
    const owner = verifyOwnerCertificate(chain[0], this.#cloud, this.#crypto);
    if (owner.ok === undefined) return owner;
    if (recordClass === 'owner') {
      const delegation = verifyDelegation(chain[1], owner.ok, this.#crypto);
      if (delegation.ok === undefined) return delegation;
      return { ok: { owner: owner.ok, delegation: delegation.ok } };
    }
    const peer = verifyPeerCertificate(chain[1], owner.ok, this.#crypto);
    return peer.ok === undefined ? peer : { ok: { owner: owner.ok, peer: peer.ok } };
  }

  #hash(bytes: Uint8Array): string {
    return toHex(this.#crypto.hash(bytes));
  }
}
