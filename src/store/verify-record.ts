import { toHex } from '../lib/hex.ts';
import { publicKeyFromPeerId } from '../trust/peer-id.ts';
import { maxRecordBytes } from './bounds.ts';
import { decodeBody, decodeEnvelope } from './record-codec.ts';
import { objectionToOwnerRecord, objectionToPeerRecord } from './record-rules.ts';
import type { Crypto } from '../lib/crypto.ts';
import type { CloudId } from '../objects/ids.ts';
import type { VerifiedRecord } from './record.ts';
import type { VerifiedChains } from './verified-chains.ts';

/** What a received record is checked against. */
export interface RecordEnv {
  readonly cloud: CloudId;
  readonly crypto: Crypto;
  readonly chains: VerifiedChains;
}

/** version: written by a release with another format; it is fetched again after an upgrade, nothing of it is kept. */
export type RefusalReason =
  | 'size'
  | 'decoding'
  | 'version'
  | 'cloud'
  | 'chain'
  | 'rules'
  | 'signature';

export interface Refusal {
  readonly record?: undefined;
  readonly reason: RefusalReason;
  /** For the log. */
  readonly message: string;
}

export type Verification =
  | { readonly record: VerifiedRecord; readonly reason?: undefined }
  | Refusal;

/**
 * Bounds, decoding, certificate chain, rules of the chain, signature: all that a record from anywhere must pass.
 * Not its schema, and not its time: a record keeps its worth when its delegation has expired since.
 */
export function verifyRecord(bytes: Uint8Array, env: RecordEnv): Verification {
  if (bytes.length > maxRecordBytes) return refuse('size', `it has ${bytes.length} bytes`);
  const envelope = decodeEnvelope(bytes);
  if (envelope === undefined) return refuse('decoding', 'it is no record');
  const body = decodeBody(envelope.body);
  if (body === undefined) return refuse('decoding', 'its body does not decode');
  if (body === 'version') return refuse('version', 'another release wrote it');
  if (body.cloud !== env.cloud) return refuse('cloud', `it is of cloud ${body.cloud.slice(0, 8)}…`);
  const chain = env.chains.verify(body.class, envelope.chain);
  if (chain.ok === undefined) return refuse('chain', chain.reason);
  const { owner, delegation, peer } = chain.ok;
  const objection =
    delegation !== undefined
      ? objectionToOwnerRecord(body, owner, delegation)
      : peer !== undefined
        ? objectionToPeerRecord(body, peer)
        : 'it has no chain';
  if (objection !== undefined) return refuse('rules', objection);
  const key = publicKeyFromPeerId(body.signer);
  if (key === undefined || !env.crypto.verify(key, envelope.body, envelope.signature)) {
    return refuse('signature', `${body.kind} ${body.name}: ${body.signer} did not sign it`);
  }
  const hash = toHex(env.crypto.hash(bytes));
  const certified = peer === undefined ? {} : { certifiedAtMs: peer.issuedAtMs };
  return { record: { body, hash, bytes, ...certified } };
}

function refuse(reason: RefusalReason, message: string): Refusal {
  return { reason, message };
}
