import { cloudBytes, cloudFrom, isTimeMs } from './fields.ts';
import { isLabel } from './names.ts';
import { publicKeyFromPeerId } from './peer-id.ts';
import { isSignedBy, parseStatement, signStatement } from './statement.ts';
import type { Crypto, Signer } from '../lib/crypto.ts';
import type { Result } from '../lib/result.ts';
import type { OwnerName, PeerId, PeerName } from '../objects/ids.ts';
import type { OwnerCertificate, PeerCertificate } from './certificates.ts';

const purpose = 'p2pcs/peer/1';

/** The owner's word that this peer is a machine of theirs, and what it is called. */
export function issuePeerCertificate(
  ownerSigner: Signer,
  fields: Omit<PeerCertificate, 'encoded'>,
): PeerCertificate {
  const encoded = signStatement(ownerSigner, purpose, [
    cloudBytes(fields.cloud),
    fields.peer,
    fields.name,
    fields.owner,
    fields.issuedAtMs,
  ]);
  const parsed = parsePeerCertificate(encoded);
  if (parsed.ok === undefined)
    throw new TypeError(`a peer certificate cannot be issued: ${parsed.reason}`);
  return parsed.ok;
}

/** Decodes without checking the signature: for one's own files. */
export function parsePeerCertificate(encoded: Uint8Array): Result<PeerCertificate> {
  const statement = parseStatement(encoded, purpose);
  if (statement.ok === undefined) return statement;
  const [cloudField, peer, name, owner, issuedAtMs] = statement.ok.fields;
  const cloud = cloudFrom(cloudField);
  if (cloud === undefined) return { reason: 'its cloud is no cloud id' };
  if (typeof peer !== 'string' || publicKeyFromPeerId(peer) === undefined)
    return { reason: 'its peer is no peer id' };
  if (!isLabel(name)) return { reason: 'its name is no lowercase DNS label' };
  if (!isLabel(owner)) return { reason: 'its owner is no lowercase DNS label' };
  if (!isTimeMs(issuedAtMs)) return { reason: 'its time of issue is no time' };
  if (statement.ok.fields.length !== 5)
    return { reason: 'it has fields that this version does not know' };
  return {
    ok: {
      cloud,
      peer: peer as PeerId,
      name: name as PeerName,
      owner: owner as OwnerName,
      issuedAtMs,
      encoded,
    },
  };
}

/** The certificate, if that owner signed it for one of their machines. `owner` must be verified already. */
export function verifyPeerCertificate(
  encoded: Uint8Array,
  owner: OwnerCertificate,
  crypto: Crypto,
): Result<PeerCertificate> {
  const parsed = parsePeerCertificate(encoded);
  if (parsed.ok === undefined)
    return { reason: `the peer certificate cannot be read: ${parsed.reason}` };
  const { cloud, name, owner: ownerName } = parsed.ok;
  if (cloud !== owner.cloud)
    return {
      reason: `the certificate of peer ${name} is of another cloud (${cloud.slice(0, 8)}…)`,
    };
  if (ownerName !== owner.owner) {
    return {
      reason: `the certificate of peer ${name} names owner ${ownerName} and came with that of ${owner.owner}`,
    };
  }
  if (!isSignedBy(owner.key, encoded, purpose, crypto)) {
    return { reason: `the certificate of peer ${name} is not signed by its owner ${ownerName}` };
  }
  return parsed;
}
