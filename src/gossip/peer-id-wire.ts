import { peerIdFromPublicKey, publicKeyFromPeerId } from '../trust/peer-id.ts';
import type { PeerId } from '../objects/ids.ts';

/** How many ids are remembered each way; beyond it the memory starts anew, which costs time only. */
const rememberedMax = 16_384;

/** An id that spells out no key (simulated peers): short and harmless in any log. */
const plainId = /^[A-Za-z0-9._-]{1,64}$/;

/** A peer id in a message: the 32 bytes of its key, or a short text where the id is not a key. */
export type WirePeer = Uint8Array | string;

/** Peer ids to and from messages: 34 bytes instead of 54, with the base58 arithmetic done once a peer. */
export class PeerIdWire {
  readonly #encoded = new Map<PeerId, WirePeer>();
  readonly #decoded = new Map<string, PeerId>();

  encode(peer: PeerId): WirePeer {
    let wire = this.#encoded.get(peer);
    if (wire === undefined) {
      wire = publicKeyFromPeerId(peer) ?? peer;
      if (this.#encoded.size >= rememberedMax) this.#encoded.clear();
      this.#encoded.set(peer, wire);
    }
    return wire;
  }

  /** Undefined when `value` is no peer id. */
  decode(value: unknown): PeerId | undefined {
    if (typeof value === 'string') return plainId.test(value) ? (value as PeerId) : undefined;
    if (!(value instanceof Uint8Array) || value.length !== 32) return undefined;
    const key = String.fromCharCode(...value);
    let peer = this.#decoded.get(key);
    if (peer === undefined) {
      peer = peerIdFromPublicKey(value);
      if (this.#decoded.size >= rememberedMax) this.#decoded.clear();
      this.#decoded.set(key, peer);
    }
    return peer;
  }
}
