import { drawOne } from '../../lib/draw.ts';
import type { PeerId } from '../../objects/ids.ts';
import type { Random } from '../../lib/random.ts';

interface KnownPeer {
  readonly addresses: readonly string[];
  /** Tries since it last spoke. */
  readonly tries: number;
}

/**
 * The slow store: peers that once spoke to us, kept when the view has long forgotten them. Healing is forgetting, so a
 * partition is forgotten within some ten cycles; this is what lets its sides merge when it ends.
 */
export class KnownPeers {
  readonly #size: number;
  readonly #triesMax: number;
  readonly #peers = new Map<PeerId, KnownPeer>();

  constructor(size: number, triesMax: number) {
    this.#size = size;
    this.#triesMax = triesMax;
  }

  get size(): number {
    return this.#peers.size;
  }

  addressesOf(peer: PeerId): readonly string[] {
    return this.#peers.get(peer)?.addresses ?? [];
  }

  /** A peer that spoke, or a contact that a person configured. When full, a random one makes room. */
  remember(peer: PeerId, addresses: readonly string[], random: Random): void {
    const known = this.#peers.get(peer);
    if (known === undefined && this.#peers.size >= this.#size) {
      const evicted = drawOne([...this.#peers.keys()], random);
      if (evicted !== undefined) this.#peers.delete(evicted);
    }
    const kept = addresses.length > 0 ? addresses : (known?.addresses ?? []);
    this.#peers.set(peer, { addresses: kept, tries: 0 });
  }

  forget(peer: PeerId): void {
    this.#peers.delete(peer);
  }

  /** One peer that `isKnown` does not cover, to be tried now. */
  next(isKnown: (peer: PeerId) => boolean, random: Random): PeerId | undefined {
    const candidates = [...this.#peers.keys()].filter((peer) => !isKnown(peer));
    const peer = drawOne(candidates, random);
    const known = peer === undefined ? undefined : this.#peers.get(peer);
    if (peer === undefined || known === undefined) return undefined;
    if (known.tries >= this.#triesMax) this.#peers.delete(peer);
    else this.#peers.set(peer, { ...known, tries: known.tries + 1 });
    return peer;
  }
}
