import { parseDelegation, verifyDelegation } from '../trust/delegation.ts';
import { encodeCredential, verifyCredential } from '../trust/credential.ts';
import { verifyOwnerCertificate } from '../trust/owner-certificate.ts';
import { peerIdFromPublicKey } from '../trust/peer-id.ts';
import { createSigner } from './crypto.ts';
import type { Bundle } from '../trust/bundle.ts';
import type { Crypto, Signer } from '../lib/crypto.ts';
import type { CloudId, OwnerName } from '../objects/ids.ts';
import type { PeerCredential } from '../trust/certificates.ts';
import type { Grant } from './backend.ts';
import type { Logger } from './logger.ts';

/** Who this daemon is and for whom it may sign, checked. */
export interface Identities {
  readonly cloud: CloudId;
  readonly seed: Uint8Array;
  readonly signer: Signer;
  readonly credential: PeerCredential;
  readonly grants: ReadonlyMap<OwnerName, Grant>;
}

/**
 * Reads keys and certificates from a bundle.
 * @throws Error for a user when the bundle's own chain does not hold
 */
export function readIdentities(bundle: Bundle, crypto: Crypto, logger: Logger): Identities {
  const bytes = (text: string): Uint8Array => new Uint8Array(Buffer.from(text, 'base64'));
  const cloud = bundle.cloud.id as CloudId;
  const rootKey = bytes(bundle.cloud.rootKey);
  const seed = bytes(bundle.peer.privateKey);
  if (seed.length !== 32) throw new Error('the bundle is damaged: its private key is not 32 bytes');
  const signer = createSigner(seed);
  const encoded = encodeCredential({
    rootKey,
    owner: { encoded: bytes(bundle.peer.ownerCertificate) },
    peer: { encoded: bytes(bundle.peer.certificate) },
  });
  const verified = verifyCredential(cloud, encoded, crypto);
  if (verified.ok === undefined)
    throw new Error(`the bundle's certificate does not hold: ${verified.reason}`);
  if (verified.ok.peer.peer !== peerIdFromPublicKey(signer.publicKey)) {
    throw new Error(
      'the bundle is damaged: its private key is not the one that its certificate names',
    );
  }
  const grants = new Map<OwnerName, Grant>();
  for (const entry of bundle.owners) {
    const certificate = verifyOwnerCertificate(
      bytes(entry.certificate),
      { cloud, rootKey },
      crypto,
    );
    const delegation =
      certificate.ok === undefined
        ? parseDelegation(bytes(entry.delegation))
        : verifyDelegation(bytes(entry.delegation), certificate.ok, crypto);
    if (
      certificate.ok === undefined ||
      delegation.ok === undefined ||
      delegation.ok.peer !== verified.ok.peer.peer
    ) {
      const reason = certificate.reason ?? delegation.reason ?? 'it is for another peer';
      logger.warn('a delegation in the bundle is not used', { owner: entry.owner, reason });
      continue;
    }
    grants.set(certificate.ok.owner, { certificate: certificate.ok, delegation: delegation.ok });
  }
  return { cloud, seed, signer, credential: verified.ok, grants };
}
