import { encode } from 'cborg';
import { decodeBounded } from '../lib/bounded-cbor.ts';
import { cloudIdOf } from './cloud-id.ts';
import { isKey } from './fields.ts';
import { verifyOwnerCertificate } from './owner-certificate.ts';
import { verifyPeerCertificate } from './peer-certificate.ts';
import { maxStatementBytes } from './statement.ts';
import type { Crypto } from '../lib/crypto.ts';
import type { Result } from '../lib/result.ts';
import type { CloudId } from '../objects/ids.ts';
import type { OwnerCertificate, PeerCertificate, PeerCredential } from './certificates.ts';

/** Most bytes of an encoded credential. */
const maxCredentialBytes = 2 * maxStatementBytes + 64;

const bounds = { maxBytes: maxCredentialBytes, maxDepth: 1, maxItems: 4 };

/** What a peer sends in its handshake: cborg `[root key, owner certificate, peer certificate]`. */
export function encodeCredential(credential: {
  readonly rootKey: Uint8Array;
  readonly owner: Pick<OwnerCertificate, 'encoded'>;
  readonly peer: Pick<PeerCertificate, 'encoded'>;
}): Uint8Array {
  return encode([credential.rootKey, credential.owner.encoded, credential.peer.encoded]);
}

/**
 * The credential, if its chain leads from the root of `cloud` to the peer. The caller still has to compare
 * `peer.peer` with the key that the connection proved: a credential is public and shows nothing by itself.
 */
export function verifyCredential(
  cloud: CloudId,
  bytes: Uint8Array,
  crypto: Crypto,
): Result<PeerCredential> {
  const parts = decodeBounded(bytes, bounds);
  if (!Array.isArray(parts) || parts.length !== 3) return { reason: 'it is no credential' };
  const [rootKey, ownerBytes, peerBytes] = parts as readonly unknown[];
  if (
    !isKey(rootKey) ||
    !(ownerBytes instanceof Uint8Array) ||
    !(peerBytes instanceof Uint8Array)
  ) {
    return { reason: 'it is no credential' };
  }
  const named = cloudIdOf(rootKey, crypto);
  if (named !== cloud)
    return { reason: `it is of another cloud (${named.slice(0, 8)}…, not ${cloud.slice(0, 8)}…)` };
  const owner = verifyOwnerCertificate(ownerBytes, { cloud, rootKey }, crypto);
  if (owner.ok === undefined) return owner;
  const peer = verifyPeerCertificate(peerBytes, owner.ok, crypto);
  if (peer.ok === undefined) return peer;
  return { ok: { rootKey, owner: owner.ok, peer: peer.ok } };
}
