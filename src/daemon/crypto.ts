import {
  createHash,
  createPrivateKey,
  createPublicKey,
  type KeyObject,
  sign as signWith,
  verify as verifyWith,
} from 'node:crypto';
import type { Crypto, Signer } from '../lib/crypto.ts';

const keysMax = 4096;
/** DER before a raw Ed25519 key: RFC 8410. */
const spkiPrefix = Buffer.from('302a300506032b6570032100', 'hex');
const pkcs8Prefix = Buffer.from('302e020100300506032b657004220420', 'hex');

/** node:crypto behind the interface of the pure folders. Key objects are kept: making one costs as much as a check. */
export function createCrypto(): Crypto {
  const keys = new Map<string, KeyObject>();
  return {
    hash: (data) => createHash('sha256').update(data).digest(),
    verify(publicKey, data, signature) {
      if (publicKey.length !== 32 || signature.length !== 64) return false;
      try {
        const id = Buffer.from(publicKey).toString('base64');
        let key = keys.get(id);
        if (key === undefined) {
          key = createPublicKey({
            key: Buffer.concat([spkiPrefix, publicKey]),
            format: 'der',
            type: 'spki',
          });
          if (keys.size >= keysMax) keys.clear();
          keys.set(id, key);
        }
        return verifyWith(null, data, key, signature);
      } catch {
        return false;
      }
    },
  };
}

/** @param seed 32 bytes */
export function createSigner(seed: Uint8Array): Signer {
  const key = createPrivateKey({
    key: Buffer.concat([pkcs8Prefix, seed]),
    format: 'der',
    type: 'pkcs8',
  });
  const spki = createPublicKey(key).export({ format: 'der', type: 'spki' });
  return {
    publicKey: new Uint8Array(spki.subarray(spki.length - 32)),
    sign: (data) => signWith(null, data, key),
  };
}
