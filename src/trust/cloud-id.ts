import { toHex } from '../lib/hex.ts';
import type { Crypto } from '../lib/crypto.ts';
import type { CloudId } from '../objects/ids.ts';

/** A cloud is named by the SHA-256 of its root's raw public key, so nobody can claim another's name. */
export function cloudIdOf(rootKey: Uint8Array, crypto: Crypto): CloudId {
  return toHex(crypto.hash(rootKey)) as CloudId;
}
