/** Synchronous cryptography, injected into the pure folders (node:crypto in the daemon, anything in tests). */
export interface Crypto {
  /** SHA-256, 32 bytes. */
  hash(data: Uint8Array): Uint8Array;
  /** Ed25519 over `data`; false for any malformed key or signature, never a throw. */
  verify(publicKey: Uint8Array, data: Uint8Array, signature: Uint8Array): boolean;
}

/** Signs with one Ed25519 key. */
export interface Signer {
  /** Raw 32 bytes. */
  readonly publicKey: Uint8Array;
  /** 64 bytes. */
  sign(data: Uint8Array): Uint8Array;
}
