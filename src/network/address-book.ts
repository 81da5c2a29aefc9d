import { parseAddress } from './address.ts';
import type { PeerId } from '../objects/ids.ts';

const peersMax = 512;
/** Also the most addresses that a peer may announce. */
export const addressesPerPeerMax = 8;

export interface RememberedPeer {
  readonly peer: PeerId;
  readonly addresses: readonly string[];
}

/** Where the book outlives the process. Both are synchronous and small: at most 512 peers of 8 addresses. */
export interface AddressBookStore {
  load(): readonly RememberedPeer[];
  save(peers: readonly RememberedPeer[]): void;
}

/**
 * Where peers can be reached: the most recently useful peers and, of each, the most recently useful addresses first.
 * libp2p's own peer store forgets addresses after an hour; this one forgets the least recently used.
 */
export class AddressBook {
  /** Least recently used first. */
  readonly #peers = new Map<PeerId, readonly string[]>();
  readonly #self: PeerId;
  #changed = false;

  constructor(self: PeerId) {
    this.#self = self;
  }

  /** Whether `save` would write something new; reading it resets it. */
  takeChanged(): boolean {
    const changed = this.#changed;
    this.#changed = false;
    return changed;
  }

  /** Adds hearsay behind the first half of what is known: it may be a lie, and must not push out what works. */
  learn(peer: PeerId, addresses: readonly string[]): void {
    const known = this.#peers.get(peer) ?? [];
    // The common case, at every exchange: nothing new.
    if (addresses.every((address) => known.includes(address))) return;
    const kept = addressesPerPeerMax / 2;
    this.#put(peer, [...known.slice(0, kept), ...addresses, ...known.slice(kept)]);
  }

  /** What the peer itself said, after it proved who it is: replaces all, the address that worked first. */
  confirm(peer: PeerId, announcedByPeer: readonly string[], worked: string | undefined): void {
    const addresses = worked === undefined ? announcedByPeer : [worked, ...announcedByPeer];
    this.#put(peer, addresses);
  }

  addresses(peer: PeerId): readonly string[] {
    return this.#peers.get(peer) ?? [];
  }

  /** Most recently used first. */
  peers(): readonly RememberedPeer[] {
    return [...this.#peers].map(([peer, addresses]) => ({ peer, addresses })).toReversed();
  }

  #put(peer: PeerId, addresses: readonly string[]): void {
    if (peer === this.#self) return;
    const parsed = addresses.map((address) => parseAddress(address)?.text);
    const kept = [...new Set(parsed.filter((text) => text !== undefined))].slice(
      0,
      addressesPerPeerMax,
    );
    if (kept.length === 0) return;
    const known = this.#peers.get(peer) ?? [];
    this.#peers.delete(peer);
    this.#peers.set(peer, kept);
    this.#changed ||= kept.join(' ') !== known.join(' ');
    const [oldest] = this.#peers.keys();
    if (this.#peers.size > peersMax && oldest !== undefined) this.#peers.delete(oldest);
  }
}
