import { drawSome } from '../../lib/draw.ts';
import { View } from '../view.ts';
import { checkSampling } from './config.ts';
import { KnownPeers } from './known-peers.ts';
import { decodeSampling, encodeSampling } from './message.ts';
import type { Descriptor } from '../descriptor.ts';
import type { GossipContext, Protocol } from '../protocol.ts';
import type { PeerId } from '../../objects/ids.ts';
import type { PeerIdWire } from '../peer-id-wire.ts';
import type { Random } from '../../lib/random.ts';
import type { SamplingConfig } from './config.ts';

interface Components {
  readonly self: PeerId;
  readonly addresses: () => readonly string[];
  readonly wire: PeerIdWire;
}

/** An exchange that this peer began and that is not answered yet. */
interface Pending {
  readonly partner: PeerId;
  readonly exchange: number;
  readonly sent: readonly PeerId[];
  /** Out of the slow store: its silence says nothing about the view. */
  readonly fromStore: boolean;
}

/**
 * The peer sampling service: M. Jelasity, S. Voulgaris, R. Guerraoui, A.-M. Kermarrec, M. van Steen, "Gossip-based
 * peer sampling", ACM TOCS 25(3), 2007; the P2P cloud paper's PSS.
 *
 * House rules. Ages are stamped by the owner and travel with the descriptor; a holder's clock never enters. Every
 * buffer carries a fresh descriptor of its sender, which is why the dead fade out and nobody else does. Exchanges are
 * push-pull: push alone collapses into a star. The partner is the oldest in the view. S = c/2 - H, so that
 * descriptors are swapped rather than copied; H is c/2 for some cycles after contacts begin to fail. Peers that once
 * spoke are kept aside and tried now and then, so that a partition that heals also merges.
 */
export class PeerSampler implements Protocol {
  readonly #self: PeerId;
  readonly #addresses: () => readonly string[];
  readonly #wire: PeerIdWire;
  readonly #config: SamplingConfig;
  readonly #view = new View();
  readonly #known: KnownPeers;
  /** Exchanges in a row that a peer of the view left unanswered. */
  readonly #silences = new Map<PeerId, number>();
  #pending: Pending[] = [];
  #cycle = 0;
  #exchange = 0;
  /** Cycles at which a contact failed, within the window. */
  #failures: number[] = [];
  #healUntilCycle = -1;
  #retries = 0;
  #dropped = 0;

  /** While true, messages are small: nothing new is expected. */
  quiet = false;

  constructor(components: Components, config: SamplingConfig) {
    checkSampling(config);
    this.#self = components.self;
    this.#addresses = components.addresses;
    this.#wire = components.wire;
    this.#config = config;
    this.#known = new KnownPeers(config.storeSize, config.storeTriesMax);
  }

  /** The current view. */
  get view(): readonly Descriptor[] {
    return this.#view.descriptors();
  }

  peers(): PeerId[] {
    return this.#view.peers();
  }

  /** At most `count` random peers of the view. */
  sample(count: number, random: Random): PeerId[] {
    return drawSome(this.#view.peers(), count, random);
  }

  /** Remembered outside the view too. */
  addressesOf(peer: PeerId): readonly string[] {
    const seen = this.#view.get(peer)?.addresses ?? [];
    return seen.length > 0 ? seen : this.#known.addressesOf(peer);
  }

  get isHealing(): boolean {
    return this.#cycle <= this.#healUntilCycle;
  }

  /** Messages that made no sense. */
  get dropped(): number {
    return this.#dropped;
  }

  /** Peers to begin with, or that another protocol vouches for. They are remembered. */
  add(contacts: readonly { peer: PeerId; addresses: readonly string[] }[], random: Random): void {
    for (const { peer, addresses } of contacts) {
      if (peer === this.#self) continue;
      this.#view.add({ peer, age: 0, addresses });
      this.#known.remember(peer, addresses, random);
    }
    this.#shrink([], random);
  }

  /** Another protocol knows it dead: out of the view, though the slow store will still try it. */
  forget(peer: PeerId): void {
    this.#view.remove(peer);
    this.#silences.delete(peer);
  }

  /** It will not come back as what it was (it left this overlay). */
  forgetForGood(peer: PeerId): void {
    this.forget(peer);
    this.#known.forget(peer);
  }

  cycle(context: GossipContext): void {
    this.#cycle++;
    this.#retries = this.#config.retriesPerCycle;
    const unanswered = this.#pending.filter(({ fromStore }) => !fromStore);
    this.#pending = [];
    for (const { partner } of unanswered) this.#silent(partner);
    this.#view.growOlder();
    this.#push(context);
    if (this.#cycle % this.#config.storeEveryCycles === 0 || this.#view.size === 0) {
      const peer = this.#known.next((known) => this.#view.has(known), context.random);
      if (peer !== undefined) this.#send(peer, true, context);
    }
  }

  receive(from: PeerId, message: Uint8Array, context: GossipContext): void {
    const decoded = decodeSampling(message, this.#wire);
    if (decoded === undefined || from === this.#self) {
      this.#dropped++;
      return;
    }
    this.#silences.delete(from);
    const own = decoded.descriptors.find(({ peer }) => peer === from);
    this.#known.remember(from, own?.addresses ?? [], context.random);
    let sent: readonly PeerId[] = [];
    if (decoded.type === 'push') {
      const buffer = this.#buffer(context.random);
      sent = buffer.map(({ peer }) => peer);
      const answer = { type: 'pull', exchange: decoded.exchange, descriptors: buffer } as const;
      context.send(from, encodeSampling(answer, this.#wire));
    } else {
      const index = this.#pending.findIndex(
        ({ partner, exchange }) => partner === from && exchange === decoded.exchange,
      );
      // A late answer is as good as any, but what was sent is no longer known and so not swapped away.
      if (index >= 0) sent = this.#pending.splice(index, 1)[0]?.sent ?? [];
    }
    for (const descriptor of decoded.descriptors) {
      if (descriptor.peer !== this.#self) this.#view.add(descriptor);
    }
    this.#shrink(sent, context.random);
  }

  unreachable(peer: PeerId, context: GossipContext): void {
    this.#pending = this.#pending.filter(({ partner }) => partner !== peer);
    if (!this.#view.has(peer)) return;
    this.forget(peer);
    this.#failed();
    if (this.#retries-- > 0) this.#push(context);
  }

  #push(context: GossipContext): void {
    const partner = this.#view.oldest();
    if (partner !== undefined) this.#send(partner, false, context);
  }

  #send(partner: PeerId, fromStore: boolean, context: GossipContext): void {
    const descriptors = this.#buffer(context.random).filter(({ peer }) => peer !== partner);
    const exchange = this.#exchange++ % 0x1_0000_0000;
    const sent = descriptors.map(({ peer }) => peer);
    this.#pending.push({ partner, exchange, sent, fromStore });
    context.send(partner, encodeSampling({ type: 'push', exchange, descriptors }, this.#wire));
  }

  /** Oneself, fresh, and a random part of the view without its oldest. */
  #buffer(random: Random): Descriptor[] {
    const { quietExchangeSize, exchangeSize, addressesSent } = this.#config;
    const size = this.quiet && !this.isHealing ? quietExchangeSize : exchangeSize;
    const own = { peer: this.#self, age: 0, addresses: this.#addresses() };
    const others = this.#view.sample(size - 1, this.#healing(), random);
    return [own, ...others].map(({ peer, age, addresses }) => ({
      peer,
      age,
      addresses: addresses.slice(0, addressesSent),
    }));
  }

  #shrink(sent: readonly PeerId[], random: Random): void {
    const healing = this.#healing();
    const swapping = Math.floor(this.#config.viewSize / 2) - healing;
    this.#view.select({ size: this.#config.viewSize, healing, swapping }, sent, random);
  }

  #healing(): number {
    return this.isHealing ? Math.floor(this.#config.viewSize / 2) : this.#config.healing;
  }

  #silent(peer: PeerId): void {
    const silences = (this.#silences.get(peer) ?? 0) + 1;
    if (silences < this.#config.silencesMax) {
      this.#silences.set(peer, silences);
      return;
    }
    this.forget(peer);
    this.#failed();
  }

  #failed(): void {
    const { failureWindowCycles, failuresToHeal, healingCycles } = this.#config;
    this.#failures = this.#failures.filter((at) => at > this.#cycle - failureWindowCycles);
    this.#failures.push(this.#cycle);
    if (this.#failures.length >= failuresToHeal) this.#healUntilCycle = this.#cycle + healingCycles;
  }
}
