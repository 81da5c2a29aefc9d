import { drawOne } from '../../lib/draw.ts';
import { checkTMan } from './config.ts';
import { decodeTMan, encodeTMan, isLater } from './message.ts';
import { RingView } from './ring-view.ts';
import { Tombstones } from './tombstones.ts';
import type { GossipContext, Protocol } from '../protocol.ts';
import type { PeerId } from '../../objects/ids.ts';
import type { PeerIdWire } from '../peer-id-wire.ts';
import type { Random } from '../../lib/random.ts';
import type { RingEntry, TManMessage } from './message.ts';
import type { TManConfig } from './config.ts';

interface Components {
  readonly self: PeerId;
  /** Where a peer stands on this ring, in [0, 2^53); the same function at every member. */
  readonly position: (peer: PeerId) => number;
  /** This daemon's boot and incarnation; entering again or refuting a death must raise them. */
  readonly own: () => { readonly boot: number; readonly incarnation: number };
  /** False for peers that the failure detector knows dead or away. */
  readonly isLiving: (peer: PeerId) => boolean;
  /** Random members of the same slice. */
  readonly samples: (count: number, random: Random) => readonly PeerId[];
  readonly wire: PeerIdWire;
}

/**
 * T-Man with a ring for its ranking: M. Jelasity, A. Montresor, O. Babaoglu, "T-Man: Gossip-based fast overlay
 * topology construction", Computer Networks 53(13), 2009; the P2P cloud paper's ring of a slice.
 *
 * House rules. Exchange what is best *for the partner*; keep what is nearest to oneself. Both neighbours are asked in
 * every cycle, and one of the psi nearest as long as the neighbourhood changes; random members are looked at, because
 * greedy search alone ends in local minima. The dead must be buried: an entry that is merely dropped is given back by
 * the next message. A tombstone covers one (boot, incarnation), and whoever reads its own rises above it.
 */
export class TMan implements Protocol {
  readonly #components: Components;
  readonly #config: TManConfig;
  readonly #view: RingView;
  readonly #tombstones: Tombstones;
  #cycle = 0;
  /** A tombstone of oneself was seen: one's own incarnation here is at least this. */
  #incarnationMin = 0;
  #neighbourhood = '';
  #changedAtCycle = 0;
  #dropped = 0;

  constructor(components: Components, config: TManConfig) {
    checkTMan(config);
    this.#components = components;
    this.#config = config;
    this.#view = new RingView(components.position(components.self), config.sideSize);
    this.#tombstones = new Tombstones(config.tombstonesMax, config.tombstoneCycles);
  }

  /** The next member clockwise; oneself when alone. */
  get successor(): PeerId {
    return this.#view.successor() ?? this.#components.self;
  }

  /** The next member counter-clockwise; oneself when alone. */
  get predecessor(): PeerId {
    return this.#view.predecessor() ?? this.#components.self;
  }

  /** The known members but oneself, clockwise. */
  get view(): readonly PeerId[] {
    return this.#view.peers();
  }

  /** The nearest known members: good first contacts for one who enters. */
  contacts(count: number): readonly PeerId[] {
    return this.#view.nearest(count);
  }

  /** Nothing near changed for some cycles. */
  get isSettled(): boolean {
    return this.#cycle - this.#changedAtCycle >= this.#config.settleCycles;
  }

  get tombstones(): number {
    return this.#tombstones.size;
  }

  get dropped(): number {
    return this.#dropped;
  }

  /** Members known from elsewhere, with the boot they are believed to be in. */
  add(contacts: readonly { readonly peer: PeerId; readonly boot: number }[]): void {
    for (const { peer, boot } of contacts) {
      if (this.#view.get(peer) === undefined) this.#learn({ peer, boot, incarnation: 0 });
    }
    this.#noteChange();
  }

  /** It is dead or has left: the ring closes now, and what others still send of it is not believed. */
  bury(peer: PeerId, boot: number): void {
    if (peer === this.#components.self) return;
    const known = this.#view.get(peer);
    const entry =
      known !== undefined && known.boot >= boot ? known : { peer, boot, incarnation: 0 };
    this.#tombstones.bury(entry, this.#cycle);
    this.#view.remove(peer);
    this.#noteChange();
  }

  /** It refuted its death within the same boot, so that its incarnation is above the buried one. */
  revive(peer: PeerId): void {
    const buried = this.#tombstones.get(peer);
    if (buried === undefined) return;
    this.#learn({ ...buried, incarnation: buried.incarnation + 1 });
    this.#noteChange();
  }

  cycle(context: GossipContext): void {
    this.#cycle++;
    this.#tombstones.expire(this.#cycle);
    for (const peer of this.#components.samples(this.#config.randomSamples, context.random)) {
      if (this.#view.get(peer) === undefined) this.#learn({ peer, boot: 0, incarnation: 0 });
    }
    this.#noteChange();
    const partners = new Set([this.successor, this.predecessor]);
    if (!this.isSettled) {
      const near = drawOne(this.#view.nearest(this.#config.partnerPool), context.random);
      if (near !== undefined) partners.add(near);
    }
    partners.delete(this.#components.self);
    for (const partner of partners) this.#send('ask', partner, context);
  }

  receive(from: PeerId, message: Uint8Array, context: GossipContext): void {
    const decoded = decodeTMan(message, this.#components.wire);
    const own = decoded?.entries[0];
    if (decoded === undefined || own?.peer !== from || from === this.#components.self) {
      this.#dropped++;
      return;
    }
    if (decoded.type === 'leave') {
      this.#buryEntry(own);
      this.#noteChange();
      return;
    }
    // The answer is made first: what the partner just said is no news to it.
    const answer = decoded.type === 'ask' ? this.#message('answer', from) : undefined;
    for (const tombstone of decoded.tombstones) this.#buryEntry(tombstone);
    for (const entry of decoded.entries) this.#learn(entry);
    this.#noteChange();
    if (answer !== undefined) context.send(from, encodeTMan(answer, this.#components.wire));
  }

  /** For hosts without a failure detector of their own: it counts as dead. */
  unreachable(peer: PeerId, _context: GossipContext): void {
    const entry = this.#view.get(peer);
    if (entry !== undefined) this.bury(peer, entry.boot);
  }

  /** Tells the nearest members that this one leaves. */
  leave(context: GossipContext): void {
    const entries = [this.#own()];
    const message = encodeTMan({ type: 'leave', entries, tombstones: [] }, this.#components.wire);
    for (const peer of this.#view.nearest(this.#config.messageSize)) context.send(peer, message);
  }

  #send(type: 'ask' | 'answer', to: PeerId, context: GossipContext): void {
    context.send(to, encodeTMan(this.#message(type, to), this.#components.wire));
  }

  #message(type: 'ask' | 'answer', to: PeerId): TManMessage {
    const { messageSize, tombstonesSent } = this.#config;
    const best = this.#view.bestFor(this.#components.position(to), messageSize);
    const tombstones = this.#tombstones.newest(tombstonesSent);
    const buried = this.#tombstones.get(to);
    if (buried !== undefined && !tombstones.includes(buried))
      tombstones[tombstonesSent - 1] = buried;
    const others = best.filter(({ peer }) => peer !== to);
    return { type, entries: [this.#own(), ...others], tombstones };
  }

  #own(): RingEntry {
    const { boot, incarnation } = this.#components.own();
    const { self } = this.#components;
    return { peer: self, boot, incarnation: Math.max(incarnation, this.#incarnationMin) };
  }

  #learn(entry: RingEntry): void {
    const { self, isLiving, position } = this.#components;
    if (entry.peer === self || this.#tombstones.covers(entry) || !isLiving(entry.peer)) return;
    const known = this.#view.get(entry.peer);
    if (known !== undefined && !isLater(entry, known)) return;
    this.#tombstones.lift(entry.peer);
    this.#view.put(entry, position(entry.peer));
  }

  #buryEntry(entry: RingEntry): void {
    if (entry.peer === this.#components.self) {
      const own = this.#own();
      if (entry.boot === own.boot && !isLater(own, entry)) {
        this.#incarnationMin = entry.incarnation + 1;
      }
      return;
    }
    const known = this.#view.get(entry.peer);
    if (known !== undefined && isLater(known, entry)) return;
    this.#tombstones.bury(entry, this.#cycle);
    this.#view.remove(entry.peer);
  }

  #noteChange(): void {
    const neighbourhood = this.#view.nearest(this.#config.partnerPool).join();
    if (neighbourhood === this.#neighbourhood) return;
    this.#neighbourhood = neighbourhood;
    this.#changedAtCycle = this.#cycle;
  }
}
