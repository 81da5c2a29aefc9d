import { encode } from 'cborg';
import { decodeBounded } from '../lib/bounded-cbor.ts';
import type { Crypto, Signer } from '../lib/crypto.ts';
import type { Result } from '../lib/result.ts';

/** A certificate or delegation is refused above this size, before it is decoded. */
export const maxStatementBytes = 8192;

/**
 * The first field of what is signed: a signature under one purpose is worth nothing under another, although one key
 * signs several kinds of statement.
 */
export type Purpose = 'p2pcs/owner/1' | 'p2pcs/peer/1' | 'p2pcs/delegation/1';

const envelopeBounds = { maxBytes: maxStatementBytes, maxDepth: 1, maxItems: 3 };
const statementBounds = { maxBytes: maxStatementBytes, maxDepth: 2, maxItems: 256 };

/** Signs `[purpose, ...fields]`; the result is cborg `[bytes, signature]`. */
export function signStatement(
  signer: Signer,
  purpose: Purpose,
  fields: readonly unknown[],
): Uint8Array {
  const bytes = encode([purpose, ...fields]);
  const encoded = encode([bytes, signer.sign(bytes)]);
  if (encoded.length > maxStatementBytes) {
    throw new RangeError(
      `a ${purpose} statement has ${encoded.length} bytes; at most ${maxStatementBytes} are accepted`,
    );
  }
  return encoded;
}

export interface Statement {
  readonly bytes: Uint8Array;
  readonly signature: Uint8Array;
  /** What follows the purpose. */
  readonly fields: readonly unknown[];
}

/** Takes a statement apart without trusting it. */
export function parseStatement(encoded: Uint8Array, purpose: Purpose): Result<Statement> {
  const envelope = decodeBounded(encoded, envelopeBounds);
  if (!Array.isArray(envelope) || envelope.length !== 2)
    return { reason: `it is no ${purpose} statement` };
  const [bytes, signature] = envelope as readonly unknown[];
  if (
    !(bytes instanceof Uint8Array) ||
    !(signature instanceof Uint8Array) ||
    signature.length !== 64
  ) {
    return { reason: `it is no ${purpose} statement` };
  }
  const content = decodeBounded(bytes, statementBounds);
  if (!Array.isArray(content) || content[0] !== purpose)
    return { reason: `it is no ${purpose} statement` };
  return { ok: { bytes, signature, fields: content.slice(1) as unknown[] } };
}

/** Whether `key` signed the statement that `encoded` holds. */
export function isSignedBy(
  key: Uint8Array,
  encoded: Uint8Array,
  purpose: Purpose,
  crypto: Crypto,
): boolean {
  const parsed = parseStatement(encoded, purpose);
  return parsed.ok !== undefined && crypto.verify(key, parsed.ok.bytes, parsed.ok.signature);
}
