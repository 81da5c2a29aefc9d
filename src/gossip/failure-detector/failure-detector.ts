import { AnswerTimes } from './answer-times.ts';
import { drawSome } from '../../lib/draw.ts';
import { addressesMax } from '../codec.ts';
import { Beliefs } from './beliefs.ts';
import { checkDetector } from './config.ts';
import { decodeDetector, encodeDetector, updatesMax } from './message.ts';
import { Probes } from './probes.ts';
import type { ChangeListener } from './beliefs.ts';
import type { DetectorConfig } from './config.ts';
import type { DetectorMessage, Update } from './message.ts';
import type { GossipContext } from '../protocol.ts';
import type { LinkLoss } from '../link-loss.ts';
import type { MemberTable } from './member-table.ts';
import type { PeerId } from '../../objects/ids.ts';
import type { PeerIdWire } from '../peer-id-wire.ts';
import type { Probe } from './probes.ts';
import type { Rumour } from './rumours.ts';

interface Components {
  readonly self: PeerId;
  readonly boot: number;
  readonly addresses: () => readonly string[];
  /** Peers with a link, or wanted to have one: who is probed and told. */
  readonly neighbours: () => readonly PeerId[];
  readonly wire: PeerIdWire;
}

/** A table is sent to one peer at most so often. */
const tableEveryMs = 500;
/** A peer that is believed dead and yet speaks is told so at most so often. */
const correctEveryMs = 1000;
/** A slow peer gets at most so many times the usual time to answer. */
const patienceMax = 10;

/**
 * SWIM (A. Das, I. Gupta, A. Motivala, DSN 2002) with Lifeguard's refinements (A. Dadgar et al., arXiv 1707.00788) and
 * what links tell: a refused redial is death at once.
 *
 *   alive   --probe failed, or link reset-->  suspect  --timeout-->  dead
 *   suspect --refuted (incarnation + 1)---->  alive
 *   any     --announced-------------------->  away     --awayUntilMs-->  dead
 *   alive, suspect --redial refused-------->  dead (reset)
 *   dead, away --refuted, or higher boot--->  alive
 *
 * House rules. A higher (boot, incarnation) wins; only the peer itself raises its incarnation. Own observations go to
 * all neighbours at once, news from others to a few, both also ride on probes; digests repair the rest. When this
 * machine was late all deadlines move by as much, since silence during our own sleep accuses nobody.
 */
export class FailureDetector {
  readonly #components: Components;
  readonly #config: DetectorConfig;
  readonly #beliefs: Beliefs;
  readonly #table: MemberTable;
  readonly #probes = new Probes();
  readonly #tableSentMs = new Map<PeerId, number>();
  readonly #correctedMs = new Map<PeerId, number>();
  /** Peers that others accused in the current call. */
  #accused: PeerId[] = [];
  #queue: PeerId[] = [];
  readonly #answers = new AnswerTimes();
  /** When each peer last said anything. */
  readonly #heardMs = new Map<PeerId, number>();
  #health: number;
  #nextRoundMs = -Infinity;
  #nextSyncMs = -Infinity;
  /** When the host was asked to call next. */
  #wakeMs = Infinity;
  #stalls = 0;
  #dropped = 0;

  constructor(components: Components, config: DetectorConfig, nowMs: number) {
    checkDetector(config);
    this.#components = components;
    this.#config = config;
    this.#health = config.healthAtStart;
    const { self, boot } = components;
    const addresses = components.addresses().slice(0, addressesMax);
    const own = { boot, incarnation: 0, state: 'alive', sinceMs: nowMs, reset: false } as const;
    this.#beliefs = new Beliefs(
      {
        own: { ...own, peer: self, addresses },
        onAccused: (peer) => this.#accused.push(peer),
        patienceMs: (peer) =>
          Math.max(this.#answers.patienceMs(peer), this.#answers.usualPatienceMs),
        heardMs: (peer) => this.#heardMs.get(peer) ?? -Infinity,
        onRefuted: () => this.#setHealth(this.#health + 1),
      },
      config,
    );
    this.#table = this.#beliefs.table;
    this.#beliefs.onChange(({ peer }) => {
      if (!this.#table.isLiving(peer)) this.#probes.end(peer);
    });
  }

  /** Also the `Membership` that the rest of the house reads. */
  get table(): MemberTable {
    return this.#table;
  }

  /** 0 is well; more means that this machine itself seems slow. */
  get health(): number {
    return this.#health;
  }

  get incarnation(): number {
    return this.#beliefs.own.incarnation;
  }

  counters(): { readonly stalls: number; readonly dropped: number; readonly suspicions: number } {
    const { suspicions } = this.#beliefs;
    return { stalls: this.#stalls, dropped: this.#dropped, suspicions };
  }

  /** Called within the call that changed a peer's state, boot or incarnation. */
  onChange(listener: ChangeListener): void {
    this.#beliefs.onChange(listener);
  }

  nextWakeMs(): number {
    return Math.min(
      this.#nextRoundMs,
      this.#nextSyncMs,
      this.#probes.nextDeadlineMs(),
      this.#beliefs.nextDeadlineMs(),
    );
  }

  /** Every entry comes through here: notices how late the host is, and sends at its end what became urgent. */
  #enter(context: GossipContext, act: () => void): void {
    const lateMs = context.nowMs - this.#wakeMs;
    if (lateMs > this.#config.lateMs) {
      this.#stalls++;
      this.#setHealth(this.#health + 1);
      this.#probes.postpone(lateMs + this.#config.drainMs);
      this.#beliefs.postpone(lateMs + this.#config.drainMs);
    }
    act();
    this.#lookForOneself(context);
    this.#flush(context);
    this.#wakeMs = Math.max(context.nowMs, this.nextWakeMs());
  }

  tick(context: GossipContext): void {
    this.#enter(context, () => {
      this.#expire(context);
      if (context.nowMs >= this.#nextRoundMs) this.#round(context);
      if (context.nowMs >= this.#nextSyncMs) this.#sync(context);
    });
  }

  receive(from: PeerId, message: Uint8Array, context: GossipContext): void {
    this.#enter(context, () => {
      const decoded = decodeDetector(message, this.#components.wire);
      if (decoded === undefined || from === this.#components.self) this.#dropped++;
      else {
        const { incarnation } = this;
        this.#handle(from, decoded, context);
        // Whoever made us refute hears it first, neighbour or not.
        if (this.incarnation !== incarnation) {
          this.#sendUpdates('news', from, [this.#beliefs.own], context);
        }
      }
    });
  }

  /** Any message of any protocol proves that its sender lives. */
  heard(from: PeerId, context: GossipContext): void {
    this.#heardMs.set(from, context.nowMs);
    if (this.#probes.end(from)) this.#setHealth(this.#health - 1);
    const known = this.#table.get(from);
    if (known === undefined || this.#table.isLiving(from)) return;
    // The dead do not speak: it must hear what is believed of it, which alone it can refute.
    const toldMs = this.#correctedMs.get(from) ?? -Infinity;
    if (context.nowMs - toldMs < correctEveryMs) return;
    this.#correctedMs.set(from, context.nowMs);
    this.#sendUpdates('news', from, [known], context);
  }

  linkUp(peer: PeerId, boot: number, addresses: readonly string[], context: GossipContext): void {
    this.#enter(context, () => {
      const kept = addresses.slice(0, addressesMax);
      const known = this.#table.get(peer);
      if (known === undefined || boot > known.boot) {
        const update = { peer, boot, incarnation: 0, state: 'alive', addresses: kept } as const;
        this.#beliefs.become(update, context.nowMs, false);
      } else if (boot === known.boot) {
        if (kept.length > 0) this.#table.put({ ...known, addresses: kept });
        // It must hear of its own suspicion or death, which alone it can refute.
        if (known.state !== 'alive') this.#sendUpdates('news', peer, [{ peer }], context);
      }
      this.#send(peer, { type: 'digest', digest: this.#table.digest }, context);
    });
  }

  linkLost(peer: PeerId, how: LinkLoss, context: GossipContext): void {
    this.#enter(context, () => {
      const known = this.#table.get(peer);
      if (known === undefined || !this.#table.isLiving(peer)) return;
      switch (how) {
        case 'refused':
          this.#beliefs.become({ ...known, state: 'dead', reset: true }, context.nowMs, true);
          break;
        case 'reset':
          this.#beliefs.accuseBriefly(known, context.nowMs);
          break;
        case 'silent':
          this.#beliefs.accuse(known, this.#components.self, context.nowMs);
          break;
        case 'closed':
          break;
        default:
          how satisfies never;
      }
    });
  }

  /** A message could not be handed over: others are asked at once. */
  unreachable(peer: PeerId, context: GossipContext): void {
    this.#enter(context, () => {
      if (!this.#table.isLiving(peer)) return;
      const probe = this.#probes.get(peer) ?? this.#startProbe(peer, context.nowMs);
      if (probe.indirectAtMs !== Infinity) this.#askHelpers(probe, context);
    });
  }

  /** This daemon stops on purpose: the ring shall close without it while its places are kept. */
  announceAway(forMs: number, context: GossipContext): void {
    this.#enter(context, () => {
      const awayUntilMs = context.nowMs + Math.min(forMs, this.#config.awayMaxMs);
      this.#beliefs.setOwn({ state: 'away', awayUntilMs }, context.nowMs);
    });
  }

  // Time

  #expire(context: GossipContext): void {
    const { nowMs } = context;
    for (const { asker, askerNumber } of this.#probes.takeLateRelays(nowMs)) {
      this.#send(asker, { type: 'nack', number: askerNumber }, context);
    }
    for (const probe of this.#probes.all()) {
      if (nowMs >= probe.failAtMs) this.#probeFailed(probe, context);
      else if (nowMs >= probe.indirectAtMs) this.#askHelpers(probe, context);
    }
    this.#beliefs.expireSuspicions(nowMs);
  }

  /** Once a period: probe the next on the ring and, in turn, everybody else near. */
  #round(context: GossipContext): void {
    const { periodMs, probesPerPeriod, probesPerPeriodInDoubt, forgetMs } = this.#config;
    this.#nextRoundMs = context.nowMs + periodMs * (1 + this.#health);
    this.#table.forgetDead(context.nowMs - forgetMs);
    this.#beliefs.expireAbsences(context.nowMs);
    this.#noticeOwnAddresses(context);
    const next = this.#table
      .ringNeighbours(this.#config.confirmations + 1, 1)
      .find((peer) => this.#table.get(peer)?.state === 'alive');
    if (next !== undefined) this.#probe(next, context);
    const isInDoubt = this.#beliefs.suspicions > 0;
    const count = isInDoubt ? probesPerPeriodInDoubt : probesPerPeriod;
    for (let i = next === undefined ? 0 : 1; i < count; i++) {
      const target = this.#nextInTurn(context);
      if (target !== undefined) this.#probe(target, context);
    }
  }

  /** Everybody once, in random order, then again. */
  #nextInTurn(context: GossipContext): PeerId | undefined {
    for (let refills = 0; refills < 2; refills++) {
      for (let peer = this.#queue.pop(); peer !== undefined; peer = this.#queue.pop()) {
        if (this.#table.isLiving(peer) && !this.#probes.has(peer)) return peer;
      }
      const near = this.#livingNeighbours();
      this.#queue = drawSome(near, near.length, context.random);
    }
    return undefined;
  }

  #sync(context: GossipContext): void {
    const { syncMs } = this.#config;
    this.#nextSyncMs = context.nowMs + syncMs * (0.75 + 0.5 * context.random.next());
    for (const peer of drawSome(this.#livingNeighbours(), 1, context.random)) {
      this.#send(peer, { type: 'digest', digest: this.#table.digest }, context);
    }
    for (const [peer, sentMs] of this.#tableSentMs) {
      if (sentMs + tableEveryMs < context.nowMs) this.#tableSentMs.delete(peer);
    }
    for (const peer of this.#heardMs.keys()) {
      if (this.#table.get(peer) === undefined) this.#heardMs.delete(peer);
    }
    for (const [peer, toldMs] of this.#correctedMs) {
      if (toldMs + correctEveryMs < context.nowMs) this.#correctedMs.delete(peer);
    }
  }

  // Probing

  #startProbe(target: PeerId, nowMs: number): Probe {
    const { probeTimeoutMs, periodMs } = this.#config;
    const patience = this.#answers.patienceMs(target) / probeTimeoutMs;
    const stretch = Math.max(1 + this.#health, Math.min(patience, patienceMax));
    return this.#probes.start(target, nowMs + probeTimeoutMs * stretch, nowMs + periodMs * stretch);
  }

  #probe(target: PeerId, context: GossipContext): void {
    if (this.#probes.has(target)) return;
    const { number } = this.#startProbe(target, context.nowMs);
    this.#ping(target, number, context);
  }

  #ping(target: PeerId, number: number, context: GossipContext): void {
    this.#answers.sent(number, target, context.nowMs);
    this.#send(
      target,
      { type: 'ping', number, updates: this.#piggyback(target, context) },
      context,
    );
  }

  #askHelpers(probe: Probe, context: GossipContext): void {
    probe.indirectAtMs = Infinity;
    const { number, target } = probe;
    const able = this.#livingNeighbours().filter(
      (peer) => peer !== target && this.#table.get(peer)?.state === 'alive',
    );
    const helpers = drawSome(able, this.#config.indirectProbes, context.random);
    probe.helpers = helpers.length;
    for (const helper of helpers) this.#send(helper, { type: 'ask', number, target }, context);
    // The message itself may have been lost.
    this.#ping(target, number, context);
  }

  #probeFailed(probe: Probe, context: GossipContext): void {
    this.#probes.end(probe.target);
    if (probe.helpers > 0 && !probe.helperSpoke) this.#setHealth(this.#health + 1);
    const known = this.#table.get(probe.target);
    if (known !== undefined && this.#table.isLiving(probe.target)) {
      this.#beliefs.accuse(known, this.#components.self, context.nowMs);
      // It alone can refute, and shall hear it first.
      this.#sendUpdates('news', probe.target, [{ peer: probe.target }], context);
    }
  }

  #setHealth(health: number): void {
    this.#health = Math.max(0, Math.min(this.#config.healthMax, health));
  }

  // Messages

  #handle(from: PeerId, message: DetectorMessage, context: GossipContext): void {
    if (this.#table.get(from) === undefined) {
      this.#send(from, { type: 'digest', digest: this.#table.digest }, context);
    }
    switch (message.type) {
      case 'ping': {
        for (const update of message.updates) this.#beliefs.apply(update, context.nowMs);
        const updates = this.#piggyback(from, context);
        this.#send(from, { type: 'ack', number: message.number, updates }, context);
        break;
      }
      case 'ack': {
        for (const update of message.updates) this.#beliefs.apply(update, context.nowMs);
        this.#answers.answered(message.number, from, context.nowMs);
        const relay = this.#probes.takeRelay(from, message.number);
        if (relay !== undefined) {
          this.#send(relay.asker, { type: 'ack', number: relay.askerNumber, updates: [] }, context);
        }
        const probe = this.#probes.byNumber(message.number);
        if (probe !== undefined) this.heard(probe.target, context);
        break;
      }
      case 'ask': {
        const nackAtMs = context.nowMs + this.#config.probeTimeoutMs;
        const number = this.#probes.relay(from, message.number, message.target, nackAtMs);
        if (number !== undefined && message.target !== from) {
          this.#ping(message.target, number, context);
        }
        break;
      }
      case 'nack': {
        const probe = this.#probes.byNumber(message.number);
        if (probe !== undefined) probe.helperSpoke = true;
        break;
      }
      case 'news':
        for (const update of message.updates) this.#beliefs.apply(update, context.nowMs);
        break;
      case 'table':
        for (const update of message.updates) {
          this.#beliefs.applyFromTable(update, from, context.nowMs);
        }
        break;
      case 'digest':
        this.#compare(from, message.digest, context);
        break;
      default:
        message satisfies never;
    }
  }

  /** Tables are exchanged until digests agree. */
  #compare(from: PeerId, digest: number, context: GossipContext): void {
    if (digest === this.#table.digest) return;
    const sentMs = this.#tableSentMs.get(from) ?? -Infinity;
    if (context.nowMs - sentMs < tableEveryMs) return;
    this.#tableSentMs.set(from, context.nowMs);
    const newest = this.#table
      .all()
      .toSorted((a, b) => b.sinceMs - a.sinceMs)
      .slice(0, this.#config.syncUpdatesMax);
    this.#sendUpdates('table', from, newest, context);
    this.#send(from, { type: 'digest', digest: this.#table.digest }, context);
  }

  #sendUpdates(
    type: 'news' | 'table',
    to: PeerId,
    rumours: readonly Rumour[],
    context: GossipContext,
  ): void {
    const updates = this.#beliefs.updates(rumours, context.nowMs);
    const size = Math.min(updatesMax, this.#config.frameUpdatesMax);
    for (let i = 0; i < updates.length; i += size) {
      this.#send(to, { type, updates: updates.slice(i, i + size) }, context);
    }
  }

  #piggyback(to: PeerId, context: GossipContext): Update[] {
    const rumours = this.#beliefs.rumours.take(this.#config.piggybackMax);
    // Buddy system: the accused hears it first.
    const state = this.#table.get(to)?.state;
    if (state !== undefined && state !== 'alive') rumours.unshift({ peer: to });
    return this.#beliefs.updates(rumours, context.nowMs);
  }

  #send(to: PeerId, message: DetectorMessage, context: GossipContext): void {
    if (to !== this.#components.self) {
      context.send(to, encodeDetector(message, this.#components.wire));
    }
  }

  // Telling

  #livingNeighbours(): PeerId[] {
    return this.#components
      .neighbours()
      .filter((peer) => peer !== this.#components.self && this.#table.isLiving(peer));
  }

  /** Whoever is near an accused peer probes it too: that confirms, or makes the accused refute. */
  #lookForOneself(context: GossipContext): void {
    if (this.#accused.length === 0) return;
    const near = this.#livingNeighbours();
    for (const peer of this.#accused) if (near.includes(peer)) this.#probe(peer, context);
    this.#accused = [];
  }

  #noticeOwnAddresses({ nowMs }: GossipContext): void {
    const addresses = this.#components.addresses().slice(0, addressesMax);
    if (addresses.join() === this.#beliefs.own.addresses.join()) return;
    this.#beliefs.setOwn({ addresses }, nowMs);
  }

  #flush(context: GossipContext): void {
    const urgent = this.#beliefs.takeUrgent();
    if (urgent.length === 0) return;
    const near = this.#livingNeighbours();
    const few = new Set(drawSome(near, this.#config.fanout, context.random));
    for (const peer of near) {
      const told = urgent.filter(({ wide }) => wide || few.has(peer));
      this.#sendUpdates(
        'news',
        peer,
        told.map(({ rumour }) => rumour),
        context,
      );
    }
  }
}
