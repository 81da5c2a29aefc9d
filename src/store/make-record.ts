import { toHex } from '../lib/hex.ts';
import { parseDelegation } from '../trust/delegation.ts';
import { parseOwnerCertificate } from '../trust/owner-certificate.ts';
import { parsePeerCertificate } from '../trust/peer-certificate.ts';
import { peerIdFromPublicKey } from '../trust/peer-id.ts';
import { maxAncestors, maxRecordBytes } from './bounds.ts';
import { ancestorsOf } from './lineage.ts';
import { decodeBody, encodeBody, encodeEnvelope } from './record-codec.ts';
import { objectionToOwnerRecord, objectionToPeerRecord } from './record-rules.ts';
import type { Crypto, Signer } from '../lib/crypto.ts';
import type { KindKey, Uid } from '../objects/ids.ts';
import type { JsonObject } from '../objects/json.ts';
import type { RecordBody, Slot, VerifiedRecord } from './record.ts';

/** What a writer says; cloud, owner and signer follow from the certificates. */
export interface RecordDraft {
  readonly kind: KindKey;
  /** Empty for cluster-scoped kinds. */
  readonly namespace: string;
  readonly name: string;
  readonly uid: Uid;
  readonly slot: Slot;
  /** From the hybrid clock, or [boot, revision]. */
  readonly order: readonly [number, number];
  /**
   * The record that this write replaces: the one in the slot; for `deleting` and `tombstone` the object's. Without
   * it the write counts as a creation, and as concurrent with all others.
   */
  readonly base?: VerifiedRecord | undefined;
  /** Default `cloud`. */
  readonly scope?: string;
  readonly value: JsonObject;
}

/** A record, or in words for the user why this writer cannot make it. */
export type Made =
  | { readonly record: VerifiedRecord; readonly reason?: undefined }
  | { readonly record?: undefined; readonly reason: string };

/**
 * Signs a record for an owner with the key of a peer that the owner delegated to. `certificates` are `encoded` ones;
 * they are not verified again here.
 */
export function makeOwnerRecord(
  signer: Signer,
  certificates: { readonly owner: Uint8Array; readonly delegation: Uint8Array },
  draft: RecordDraft,
  crypto: Crypto,
): Made {
  const owner = parseOwnerCertificate(certificates.owner);
  if (owner.ok === undefined) return owner;
  const delegation = parseDelegation(certificates.delegation);
  if (delegation.ok === undefined) return delegation;
  const body: RecordBody = {
    ...common(signer, draft),
    cloud: owner.ok.cloud,
    class: 'owner',
    owner: owner.ok.owner,
  };
  const objection = objectionToOwnerRecord(body, owner.ok, delegation.ok);
  if (objection !== undefined) return { reason: objection };
  return seal(signer, body, [certificates.owner, certificates.delegation], crypto);
}

/** Signs a peer's statement about itself. */
export function makePeerRecord(
  signer: Signer,
  certificates: { readonly owner: Uint8Array; readonly peer: Uint8Array },
  draft: RecordDraft,
  crypto: Crypto,
): Made {
  const peer = parsePeerCertificate(certificates.peer);
  if (peer.ok === undefined) return peer;
  const body: RecordBody = {
    ...common(signer, draft),
    cloud: peer.ok.cloud,
    class: 'peer',
    owner: peer.ok.owner,
  };
  const objection = objectionToPeerRecord(body, peer.ok);
  if (objection !== undefined) return { reason: objection };
  const made = seal(signer, body, [certificates.owner, certificates.peer], crypto);
  if (made.record === undefined) return made;
  return { record: { ...made.record, certifiedAtMs: peer.ok.issuedAtMs } };
}

function common(signer: Signer, draft: RecordDraft): Omit<RecordBody, 'cloud' | 'class' | 'owner'> {
  const { base, ...rest } = draft;
  const ancestors = base === undefined ? [] : ancestorsOf(base.body).slice(0, maxAncestors - 1);
  return {
    ...rest,
    version: 1,
    base: base?.hash ?? null,
    lineage: ancestors,
    scope: draft.scope ?? 'cloud',
    signer: peerIdFromPublicKey(signer.publicKey),
  };
}

function seal(
  signer: Signer,
  body: RecordBody,
  chain: readonly [Uint8Array, Uint8Array],
  crypto: Crypto,
): Made {
  const what = `${body.kind} ${body.name}`;
  const encoded = encodeBody(body);
  const bytes = encodeEnvelope({ body: encoded, signature: signer.sign(encoded), chain });
  if (bytes.length > maxRecordBytes) {
    return {
      reason: `${what} has ${bytes.length} bytes as a signed record; at most ${maxRecordBytes} are stored`,
    };
  }
  // What others will read back is what is kept, so that writer and readers cannot see it differently.
  const readBack = decodeBody(encoded);
  if (readBack === undefined || readBack === 'version') {
    return {
      reason: `${what} cannot be stored: a name is malformed or a value is nested too deeply or too large`,
    };
  }
  return { record: { body: readBack, hash: toHex(crypto.hash(bytes)), bytes } };
}
