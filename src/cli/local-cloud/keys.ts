import {
  createHash,
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  sign,
  verify,
} from 'node:crypto';
import type { KeyObject } from 'node:crypto';

import type { Crypto, Signer } from '../../lib/crypto.ts';

/** An Ed25519 key as this machine's files hold it. */
export interface OwnKey {
  /** PKCS #8. */
  readonly pem: string;
  /** Raw, 32 bytes. */
  readonly seed: Uint8Array;
  readonly signer: Signer;
}

function toOwnKey(key: KeyObject): OwnKey {
  const { d = '', x = '' } = key.export({ format: 'jwk' });
  return {
    pem: key.export({ format: 'pem', type: 'pkcs8' }) as string,
    seed: new Uint8Array(Buffer.from(d, 'base64url')),
    signer: {
      publicKey: new Uint8Array(Buffer.from(x, 'base64url')),
      sign: (data) => new Uint8Array(sign(null, data, key)),
    },
  };
}

export const createKey = (): OwnKey => toOwnKey(generateKeyPairSync('ed25519').privateKey);

/** Throws when the text is no PEM of an Ed25519 private key. */
export function readKey(pem: string): OwnKey {
  const key = createPrivateKey(pem);
  if (key.asymmetricKeyType !== 'ed25519') throw new Error('it is not an Ed25519 key');
  return toOwnKey(key);
}

/** node:crypto for the pure folders. */
export const nodeCrypto: Crypto = {
  hash: (data) => new Uint8Array(createHash('sha256').update(data).digest()),
  verify(publicKey, data, signature) {
    try {
      const x = Buffer.from(publicKey).toString('base64url');
      const key = createPublicKey({ key: { kty: 'OKP', crv: 'Ed25519', x }, format: 'jwk' });
      return verify(null, data, key, signature);
    } catch {
      return false;
    }
  },
};
