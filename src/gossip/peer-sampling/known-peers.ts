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
  /** The same peers, to draw from. */
  readonly #order: PeerId[] = [];

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
    const kept = addresses.length > 0 ? addresses : (known?.addresses ?? []);
    this.#peers.set(peer, { addresses: kept, tries: 0 });
    if (known !== undefined) return;
    if (this.#order.length < this.#size) {
      this.#order.push(peer);
      return;
    }
    const place = random.int(this.#order.length);
    const evicted = this.#order[place];
    this.#order[place] = peer;
    if (evicted !== undefined) this.#peers.delete(evicted);
  }

  forget(peer: PeerId): void {
    if (this.#peers.delete(peer)) this.#order.splice(this.#order.indexOf(peer), 1);
  }

  /** One peer that `isKnown` does not cover, to be tried now. */
  next(isKnown: (peer: PeerId) => boolean, random: Random): PeerId | undefined {
    const candidates = this.#order.filter((peer) => !isKnown(peer));
    const peer = drawOne(candidates, random);
    const known = peer === undefined ? undefined : this.#peers.get(peer);
    if (peer === undefined || known === undefined) return undefined;
    if (known.tries >= this.#triesMax) this.forget(peer);
    else this.#peers.set(peer, { ...known, tries: known.tries + 1 });
    return peer;
  }
}
