import { fromBase58, toBase58 } from '../lib/base58.ts';
import type { PeerId } from '../objects/ids.ts';

/**
 * Multihash `identity` of 36 bytes, then the protobuf PublicKey {Type: Ed25519, Data: 32 bytes}: the libp2p peer id
 * specification inlines keys this short, so that a peer id is its key.
 */
const prefix = [0x00, 0x24, 0x08, 0x01, 0x12, 0x20];

/** The peer id of a raw Ed25519 public key of 32 bytes. */
export function peerIdFromPublicKey(publicKey: Uint8Array): PeerId {
  if (publicKey.length !== 32)
    throw new RangeError(`an Ed25519 public key has 32 bytes, not ${publicKey.length}`);
  return toBase58(Uint8Array.from([...prefix, ...publicKey])) as PeerId;
}

/** The raw Ed25519 public key that a peer id spells out; undefined when it is no such id. */
export function publicKeyFromPeerId(peerId: string): Uint8Array | undefined {
  if (peerId.length > 64) return undefined;
  const bytes = fromBase58(peerId);
  if (bytes?.length !== prefix.length + 32 || prefix.some((byte, i) => bytes[i] !== byte))
    return undefined;
  return bytes.slice(prefix.length);
}
