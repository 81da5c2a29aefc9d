import { cloudBytes, cloudFrom, isKey, isTexts, isTimeMs } from './fields.ts';
import { isLabel } from './names.ts';
import { isNamespacePattern, maxNamespacePatterns } from './namespaces.ts';
import { isSignedBy, parseStatement, signStatement } from './statement.ts';
import type { Crypto, Signer } from '../lib/crypto.ts';
import type { Result } from '../lib/result.ts';
import type { CloudId, OwnerName } from '../objects/ids.ts';
import type { OwnerCertificate } from './certificates.ts';

const purpose = 'p2pcs/owner/1';

/** The root's word that `key` speaks for `owner` in this cloud, and which namespaces are theirs. */
export function issueOwnerCertificate(
  rootSigner: Signer,
  fields: Omit<OwnerCertificate, 'encoded'>,
): OwnerCertificate {
  const encoded = signStatement(rootSigner, purpose, [
    cloudBytes(fields.cloud),
    fields.owner,
    fields.key,
    fields.namespaces,
    fields.issuedAtMs,
  ]);
  const parsed = parseOwnerCertificate(encoded);
  if (parsed.ok === undefined)
    throw new TypeError(`an owner certificate cannot be issued: ${parsed.reason}`);
  return parsed.ok;
}

/** Decodes without checking the signature: for one's own files. */
export function parseOwnerCertificate(encoded: Uint8Array): Result<OwnerCertificate> {
  const statement = parseStatement(encoded, purpose);
  if (statement.ok === undefined) return statement;
  const [cloudField, owner, key, namespaces, issuedAtMs] = statement.ok.fields;
  const cloud = cloudFrom(cloudField);
  if (cloud === undefined) return { reason: 'its cloud is no cloud id' };
  if (!isLabel(owner)) return { reason: 'its owner is no lowercase DNS label' };
  if (!isKey(key)) return { reason: 'its key is no Ed25519 public key' };
  if (!isTexts(namespaces, maxNamespacePatterns, isNamespacePattern)) {
    return { reason: 'its namespaces are not at most 64 names or patterns `name-*`' };
  }
  if (!isTimeMs(issuedAtMs)) return { reason: 'its time of issue is no time' };
  if (statement.ok.fields.length !== 5)
    return { reason: 'it has fields that this version does not know' };
  return { ok: { cloud, owner: owner as OwnerName, key, namespaces, issuedAtMs, encoded } };
}

/** The certificate, if the root of `cloud` signed it for that cloud. */
export function verifyOwnerCertificate(
  encoded: Uint8Array,
  root: { readonly cloud: CloudId; readonly rootKey: Uint8Array },
  crypto: Crypto,
): Result<OwnerCertificate> {
  const parsed = parseOwnerCertificate(encoded);
  if (parsed.ok === undefined)
    return { reason: `the owner certificate cannot be read: ${parsed.reason}` };
  if (parsed.ok.cloud !== root.cloud) {
    return {
      reason: `the certificate of owner ${parsed.ok.owner} is of another cloud (${parsed.ok.cloud.slice(0, 8)}…)`,
    };
  }
  if (!isSignedBy(root.rootKey, encoded, purpose, crypto)) {
    return {
      reason: `the certificate of owner ${parsed.ok.owner} is not signed by this cloud's root`,
    };
  }
  return parsed;
}
