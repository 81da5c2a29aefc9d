import { drawOne } from '../lib/draw.ts';
import { Activity } from './activity.ts';
import { Aggregator } from './aggregation/aggregator.ts';
import { FailureDetector } from './failure-detector/failure-detector.ts';
import { Family } from './family.ts';
import { decodeOverlay, encodeNotMember, Overlay } from './overlay.ts';
import { PeerIdWire } from './peer-id-wire.ts';
import { PeerSampler } from './peer-sampling/peer-sampler.ts';
import { Slicer } from './slicing/slicer.ts';
import { WantedLinks } from './wanted-links.ts';
import type { Aggregates } from './aggregation/aggregator.ts';
import type { Contact } from './overlay.ts';
import type { GossipConfig } from './config.ts';
import type { GossipContext, Protocol } from './protocol.ts';
import type { LinkLoss } from './link-loss.ts';
import type { Membership, MemberView } from './membership.ts';
import type { PeerId } from '../objects/ids.ts';
import type { Random } from '../lib/random.ts';

/** Anti-entropy of records, which is told of links because it pushes over them. */
export interface AntiEntropyLike extends Protocol {
  linkUp(peer: PeerId, context: GossipContext): void;
  linkLost(peer: PeerId, context: GossipContext): void;
}

/** What this peer says of itself. */
export interface OwnValues {
  readonly load: number;
  /** Holds no place in any slice. */
  readonly free: boolean;
  readonly attributes: Readonly<Record<string, number>>;
}

interface Components {
  readonly self: PeerId;
  /** Greater than at any earlier start of this peer. */
  readonly boot: number;
  readonly random: Random;
  readonly antiEntropy: AntiEntropyLike;
  readonly addresses: () => readonly string[];
  readonly values: () => OwnValues;
  readonly config: GossipConfig;
}

/** A message that waits to be sent. */
export interface Outgoing {
  readonly to: PeerId;
  readonly family: Family;
  readonly payload: Uint8Array;
}

/** A peer's two neighbours on a slice's ring and the members it knows, clockwise; alone it is its own neighbour. */
export interface Ring {
  readonly predecessor: PeerId;
  readonly successor: PeerId;
  readonly view: readonly PeerId[];
}

export interface StackCounters {
  /** Messages that did not decode, exceeded a bound or made no sense. */
  readonly dropped: number;
  readonly messagesOut: number;
  readonly bytesOut: number;
  /** By family number. */
  readonly bytesOutByFamily: Readonly<Record<number, number>>;
  /** Times that the host called much later than asked for. */
  readonly stalls: number;
  /** Lifeguard's local health: 0 is well. */
  readonly health: number;
  readonly suspicions: number;
}

/**
 * All gossip of one peer as one machine. The host calls in with the monotonic time, then drains what is to be sent;
 * it calls `tick` no later than `nextWakeMs`, and in vain is harmless. Nothing here waits, reads a clock or throws at
 * what peers send.
 */
export class GossipStack {
  readonly #components: Components;
  readonly #config: GossipConfig;
  readonly #wire = new PeerIdWire();
  readonly #detector: FailureDetector;
  readonly #sampler: PeerSampler;
  readonly #aggregator: Aggregator;
  readonly #slicer: Slicer;
  readonly #overlays = new Map<string, Overlay>();
  readonly #links = new Set<PeerId>();
  readonly #wantedLinks: WantedLinks;
  readonly #randoms = new Map<string, Random>();
  readonly #listeners: ((view: MemberView) => void)[] = [];
  readonly #bytesOut = new Map<Family, number>();
  #activities: readonly Activity[] = [];
  #outgoing: Outgoing[] = [];
  #wanted: readonly PeerId[] | undefined;
  #nowMs = 0;
  #busyUntilMs = -Infinity;
  /** Entries into overlays so far: each makes a later incarnation on the rings. */
  #entries = 0;
  #messagesOut = 0;
  #dropped = 0;

  constructor(components: Components) {
    this.#components = components;
    this.#config = components.config;
    const { self, boot, addresses, values } = components;
    const config = this.#config;
    const wire = this.#wire;
    const neighbours = (): readonly PeerId[] => [...new Set([...this.#links, ...this.wanted()])];
    const partner = (random: Random): PeerId | undefined => this.#partner(random);
    const attributes = (): OwnValues['attributes'] => values().attributes;
    this.#detector = new FailureDetector(
      { self, boot, addresses, neighbours, wire },
      config.detector,
      0,
    );
    this.#sampler = new PeerSampler({ self, addresses, wire }, config.sampling);
    this.#aggregator = new Aggregator({ self, boot, partner, values }, config.averaging);
    this.#slicer = new Slicer({ self, partner, attributes }, config.slicing);
    this.#wantedLinks = new WantedLinks(
      {
        self,
        table: this.#detector.table,
        sampler: this.#sampler,
        overlays: this.#overlays,
        random: this.#random('links'),
      },
      config,
    );
    this.#detector.onChange((view, previous) => this.#membershipChanged(view, previous));
  }

  get membership(): Membership {
    return this.#detector.table;
  }

  /** The listener is called within the call that changed a peer's state, boot, incarnation or addresses. */
  onMembershipChange(listener: (view: MemberView) => void): void {
    this.#listeners.push(listener);
  }

  /** Begins to gossip, from these contacts. */
  start(contacts: readonly Contact[], nowMs: number): void {
    this.#enter(nowMs);
    this.#sampler.add(contacts, this.#random('sampling'));
    this.#activities = this.#plan(nowMs);
    this.#busy();
  }

  linkUp(peer: PeerId, boot: number, addresses: readonly string[], nowMs: number): void {
    this.#enter(nowMs);
    this.#links.add(peer);
    this.#detector.linkUp(peer, boot, addresses, this.#context(Family.membership));
    this.#sampler.add([{ peer, addresses }], this.#random('sampling'));
    this.#components.antiEntropy.linkUp(peer, this.#context(Family.records));
  }

  linkLost(peer: PeerId, how: LinkLoss, nowMs: number): void {
    this.#enter(nowMs);
    this.#links.delete(peer);
    this.#detector.linkLost(peer, how, this.#context(Family.membership));
    this.#components.antiEntropy.linkLost(peer, this.#context(Family.records));
  }

  /** A message to this peer could not be handed over. */
  unreachable(peer: PeerId, nowMs: number): void {
    this.#enter(nowMs);
    this.#detector.unreachable(peer, this.#context(Family.membership));
    this.#sampler.unreachable(peer, this.#context(Family.sampling));
    this.#aggregator.unreachable(peer, this.#context(Family.aggregation));
    this.#slicer.unreachable(peer, this.#context(Family.slicing));
    this.#components.antiEntropy.unreachable(peer, this.#context(Family.records));
    const context = this.#context(Family.overlay);
    for (const overlay of this.#overlays.values()) overlay.unreachable(peer, context);
  }

  frame(from: PeerId, family: number, payload: Uint8Array, nowMs: number): void {
    this.#enter(nowMs);
    this.#detector.heard(from, this.#context(Family.membership));
    switch (family) {
      case Family.membership:
        this.#detector.receive(from, payload, this.#context(family));
        break;
      case Family.sampling:
        this.#sampler.receive(from, payload, this.#context(family));
        break;
      case Family.overlay:
        this.#receiveOverlay(from, payload, this.#context(family));
        break;
      case Family.aggregation:
        this.#aggregator.receive(from, payload, this.#context(family));
        break;
      case Family.slicing:
        this.#slicer.receive(from, payload, this.#context(family));
        break;
      case Family.records:
        this.#components.antiEntropy.receive(from, payload, this.#context(family));
        break;
      default:
        this.#dropped++;
    }
  }

  tick(nowMs: number): void {
    this.#enter(nowMs);
    this.#detector.tick(this.#context(Family.membership));
    for (const activity of this.#activities) activity.tick(this.#context(Family.sampling));
    const context = this.#context(Family.overlay);
    for (const overlay of this.#overlays.values()) overlay.tick(context);
  }

  nextWakeMs(): number {
    let next = this.#detector.nextWakeMs();
    for (const activity of this.#activities) next = Math.min(next, activity.dueMs());
    for (const overlay of this.#overlays.values()) next = Math.min(next, overlay.nextWakeMs());
    return next;
  }

  /** Hands over what was queued, in order; to be called after every other call. */
  drain(): Outgoing[] {
    const outgoing = this.#outgoing;
    this.#outgoing = [];
    return outgoing;
  }

  /** For another protocol that shares the way out, such as anti-entropy when a record was written here. */
  withContext(nowMs: number, act: (context: GossipContext) => void, family: Family): void {
    this.#enter(nowMs);
    act(this.#context(family));
  }

  /** Peers to keep links to, the most wanted first. */
  wanted(): PeerId[] {
    this.#wanted ??= this.#wantedLinks.list(this.#nowMs);
    return [...this.#wanted];
  }

  /** Where a peer was last known to be, also when membership has forgotten it. */
  addressesOf(peer: PeerId): readonly string[] {
    const known = this.#detector.table.get(peer)?.addresses ?? [];
    return known.length > 0 ? known : this.#sampler.addressesOf(peer);
  }

  // Slices

  /** Becomes a member of a slice's overlay; more contacts if it already is one. */
  enterOverlay(sliceUid: string, contacts: readonly Contact[], nowMs: number): void {
    this.#enter(nowMs);
    let overlay = this.#overlays.get(sliceUid);
    if (overlay === undefined) {
      if (this.#overlays.size >= this.#config.overlaysMax) {
        throw new RangeError(
          `cannot enter slice ${sliceUid}: this peer is in ${this.#overlays.size} slices already, which is overlaysMax`,
        );
      }
      this.#entries++;
      overlay = this.#newOverlay(sliceUid);
      this.#overlays.set(sliceUid, overlay);
    }
    overlay.addContacts(contacts);
    this.#busy();
    overlay.announce(this.#context(Family.overlay));
  }

  /** Other members, as claims name them. */
  addContacts(sliceUid: string, contacts: readonly Contact[]): void {
    this.#overlays.get(sliceUid)?.addContacts(contacts);
    this.#wanted = undefined;
  }

  leaveOverlay(sliceUid: string, nowMs: number): void {
    this.#enter(nowMs);
    this.#overlays.get(sliceUid)?.leave(this.#context(Family.overlay));
    this.#overlays.delete(sliceUid);
  }

  /** Undefined when this peer is not in that overlay. */
  ring(sliceUid: string): Ring | undefined {
    const overlay = this.#overlays.get(sliceUid);
    if (overlay === undefined) return undefined;
    const { predecessor, successor, view } = overlay;
    return { predecessor, successor, view };
  }

  // The cloud as a whole

  aggregates(): Aggregates {
    return this.#aggregator.aggregates;
  }

  /** The share of peers whose attribute is below this peer's, in [0, 1); undefined until the cloud has found out. */
  rank(attribute: string): number | undefined {
    return this.#slicer.rankOf(attribute, this.#nowMs);
  }

  /** This daemon is about to stop on purpose: its places shall be kept for so long. Drain and send before stopping. */
  announceAway(forMs: number, nowMs: number): void {
    this.#enter(nowMs);
    this.#detector.announceAway(forMs, this.#context(Family.membership));
  }

  counters(): StackCounters {
    const { stalls, dropped, suspicions } = this.#detector.counters();
    let overlays = 0;
    for (const overlay of this.#overlays.values()) overlays += overlay.dropped;
    const others = this.#sampler.dropped + this.#aggregator.dropped + this.#slicer.dropped;
    let bytesOut = 0;
    for (const bytes of this.#bytesOut.values()) bytesOut += bytes;
    return {
      dropped: this.#dropped + dropped + overlays + others,
      messagesOut: this.#messagesOut,
      bytesOut,
      bytesOutByFamily: Object.fromEntries(this.#bytesOut),
      stalls,
      health: this.#detector.health,
      suspicions,
    };
  }

  // Inside

  #enter(nowMs: number): void {
    this.#nowMs = Math.max(this.#nowMs, nowMs);
    this.#wanted = undefined;
  }

  #busy(): void {
    this.#busyUntilMs = this.#nowMs + this.#config.busyForMs;
    this.#wanted = undefined;
  }

  #isBusy(): boolean {
    return this.#nowMs < this.#busyUntilMs;
  }

  /** One stream of draws a protocol: what one draws moves no draw of another. */
  #random(label: string): Random {
    let random = this.#randoms.get(label);
    if (random === undefined) {
      random = this.#components.random.fork(label);
      this.#randoms.set(label, random);
    }
    return random;
  }

  #context(family: Family): GossipContext {
    return {
      nowMs: this.#nowMs,
      random: this.#random(`family ${family}`),
      send: (to, payload) => {
        if (to === this.#components.self) return;
        this.#messagesOut++;
        this.#bytesOut.set(family, (this.#bytesOut.get(family) ?? 0) + payload.length);
        this.#outgoing.push({ to, family, payload });
      },
    };
  }

  #plan(nowMs: number): readonly Activity[] {
    const { pace } = this.#config;
    const { antiEntropy } = this.#components;
    const spread = (): number => this.#random('spread').next();
    return [
      new Activity(
        {
          pace: pace.sampling,
          isBusy: () => this.#isBusy() || this.#sampler.isHealing,
          run: () => {
            this.#sampler.quiet = !this.#isBusy();
            this.#sampler.cycle(this.#context(Family.sampling));
          },
        },
        nowMs,
        spread(),
      ),
      new Activity(
        {
          pace: pace.aggregation,
          isBusy: () => !this.#aggregator.isConverged || this.#isBusy(),
          run: () => this.#aggregator.cycle(this.#context(Family.aggregation)),
        },
        nowMs,
        spread(),
      ),
      new Activity(
        {
          pace: pace.slicing,
          isBusy: () => !this.#slicer.isConverged,
          isNeeded: () => !this.#slicer.isIdle,
          run: () => this.#slicer.cycle(this.#context(Family.slicing)),
        },
        nowMs,
        spread(),
      ),
      new Activity(
        {
          pace: pace.records,
          isBusy: () => this.#isBusy(),
          run: () => antiEntropy.cycle(this.#context(Family.records)),
        },
        nowMs,
        spread(),
      ),
    ];
  }

  #newOverlay(uid: string): Overlay {
    const { self, boot } = this.#components;
    return new Overlay(
      {
        self,
        uid,
        own: () => ({ boot, incarnation: this.#ringIncarnation() }),
        member: (peer) => this.#detector.table.get(peer),
        isBusy: () => this.#isBusy(),
        random: this.#random(`overlay ${uid}`),
        wire: this.#wire,
      },
      this.#config,
      this.#nowMs,
    );
  }

  /** Grows with every refutation and every entry, so that no tombstone outlives what it buried. */
  #ringIncarnation(): number {
    return this.#detector.incarnation + this.#entries;
  }

  #receiveOverlay(from: PeerId, payload: Uint8Array, context: GossipContext): void {
    const frame = decodeOverlay(payload);
    if (frame === undefined) {
      this.#dropped++;
      return;
    }
    const overlay = this.#overlays.get(frame.uid);
    if (overlay !== undefined) {
      overlay.receive(from, frame, context);
      return;
    }
    const { self: peer, boot } = this.#components;
    const own = { peer, boot, incarnation: this.#ringIncarnation() };
    const answer = encodeNotMember(frame, own, this.#wire);
    if (answer !== undefined) context.send(from, answer);
  }

  /** Averages flow over links that exist, so that they cost no dials; else over the view. */
  #partner(random: Random): PeerId | undefined {
    const { table } = this.#detector;
    const linked = [...this.#links].filter((peer) => table.isLiving(peer));
    if (linked.length > 0) return drawOne(linked, random);
    return drawOne(
      this.#sampler.peers().filter((peer) => table.isLiving(peer)),
      random,
    );
  }

  #membershipChanged(view: MemberView, previous: MemberView | undefined): void {
    const { peer, boot } = view;
    const isGone = view.state === 'dead' || view.state === 'away';
    const wasGone = previous?.state === 'dead' || previous?.state === 'away';
    const isRestarted = previous !== undefined && boot > previous.boot;
    if (peer !== this.#components.self) {
      if (isRestarted) this.#bury(peer, previous.boot);
      if (isGone) this.#bury(peer, boot);
      else if (wasGone && !isRestarted) {
        for (const overlay of this.#overlays.values()) overlay.revive(peer);
      }
      if (previous === undefined || isGone !== wasGone || isRestarted) this.#busy();
    }
    this.#wanted = undefined;
    for (const listener of this.#listeners) listener(view);
  }

  #bury(peer: PeerId, boot: number): void {
    this.#sampler.forget(peer);
    this.#aggregator.forget(peer, boot);
    this.#slicer.forget(peer);
    for (const overlay of this.#overlays.values()) overlay.bury(peer, boot);
  }
}
