import { cloudBytes, cloudFrom, isTexts, isTimeMs } from './fields.ts';
import { isLabel } from './names.ts';
import { isNamespacePattern, maxNamespacePatterns } from './namespaces.ts';
import { publicKeyFromPeerId } from './peer-id.ts';
import { isSignedBy, parseStatement, signStatement } from './statement.ts';
import type { Crypto, Signer } from '../lib/crypto.ts';
import type { Result } from '../lib/result.ts';
import type { OwnerName, PeerId } from '../objects/ids.ts';
import type { Delegation, OwnerCertificate } from './certificates.ts';

const purpose = 'p2pcs/delegation/1';

/** 30 days: what a stolen daemon holds at most. */
export const maxDelegationMs: number = 30 * 24 * 3600 * 1000;

const verbs: readonly string[] = ['create', 'update', 'delete', '*'];

/** The owner's word that a peer's daemon may sign for them, for a while. */
export function issueDelegation(
  ownerSigner: Signer,
  fields: Omit<Delegation, 'encoded'>,
): Delegation {
  const encoded = signStatement(ownerSigner, purpose, [
    cloudBytes(fields.cloud),
    fields.owner,
    fields.peer,
    fields.namespaces,
    fields.verbs,
    fields.issuedAtMs,
    fields.expiresAtMs,
  ]);
  const parsed = parseDelegation(encoded);
  if (parsed.ok === undefined)
    throw new TypeError(`a delegation cannot be issued: ${parsed.reason}`);
  return parsed.ok;
}

/** Decodes without checking the signature: for one's own files. */
export function parseDelegation(encoded: Uint8Array): Result<Delegation> {
  const statement = parseStatement(encoded, purpose);
  if (statement.ok === undefined) return statement;
  const [cloudField, owner, peer, namespaces, allowed, issuedAtMs, expiresAtMs] =
    statement.ok.fields;
  const cloud = cloudFrom(cloudField);
  if (cloud === undefined) return { reason: 'its cloud is no cloud id' };
  if (!isLabel(owner)) return { reason: 'its owner is no lowercase DNS label' };
  if (typeof peer !== 'string' || publicKeyFromPeerId(peer) === undefined)
    return { reason: 'its peer is no peer id' };
  if (
    !isTexts(namespaces, maxNamespacePatterns, (text) => text === '*' || isNamespacePattern(text))
  ) {
    return { reason: 'its namespaces are not at most 64 of `*`, names or patterns `name-*`' };
  }
  if (!isTexts(allowed, verbs.length, (text) => verbs.includes(text))) {
    return { reason: `its verbs are not of ${verbs.join(', ')}` };
  }
  if (!isTimeMs(issuedAtMs) || !isTimeMs(expiresAtMs)) return { reason: 'its times are no times' };
  if (expiresAtMs < issuedAtMs || expiresAtMs - issuedAtMs > maxDelegationMs) {
    return { reason: 'it does not expire within 30 days of its issue' };
  }
  if (statement.ok.fields.length !== 7)
    return { reason: 'it has fields that this version does not know' };
  return {
    ok: {
      cloud,
      owner: owner as OwnerName,
      peer: peer as PeerId,
      namespaces,
      verbs: allowed,
      issuedAtMs,
      expiresAtMs,
      encoded,
    },
  };
}

/**
 * The delegation, if that owner signed it. `owner` must be verified already. Whether it has expired is asked of each
 * use, by the time of that use: see `store/record-rules`.
 */
export function verifyDelegation(
  encoded: Uint8Array,
  owner: OwnerCertificate,
  crypto: Crypto,
): Result<Delegation> {
  const parsed = parseDelegation(encoded);
  if (parsed.ok === undefined) return { reason: `the delegation cannot be read: ${parsed.reason}` };
  const { cloud, owner: ownerName } = parsed.ok;
  if (cloud !== owner.cloud)
    return { reason: `the delegation of ${ownerName} is of another cloud (${cloud.slice(0, 8)}…)` };
  if (ownerName !== owner.owner) {
    return {
      reason: `the delegation names owner ${ownerName} and came with the certificate of ${owner.owner}`,
    };
  }
  if (!isSignedBy(owner.key, encoded, purpose, crypto)) {
    return { reason: `the delegation of ${ownerName} is not signed by ${ownerName}` };
  }
  return parsed;
}
