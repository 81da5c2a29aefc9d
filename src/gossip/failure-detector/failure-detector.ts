import { drawSome } from '../../lib/draw.ts';
import { addressesMax } from '../codec.ts';
import { checkDetector } from './config.ts';
import { MemberTable } from './member-table.ts';
import { decodeDetector, encodeDetector, updatesMax } from './message.ts';
import { Probes } from './probes.ts';
import { Rumours } from './rumours.ts';
import { Suspicion } from './suspicion.ts';
import type { DetectorConfig } from './config.ts';
import type { DetectorMessage, Update } from './message.ts';
import type { GossipContext } from '../protocol.ts';
import type { LinkLoss } from '../link-loss.ts';
import type { Liveness, Membership, MemberView } from '../membership.ts';
import type { PeerId } from '../../objects/ids.ts';
import type { PeerIdWire } from '../peer-id-wire.ts';
import type { Probe } from './probes.ts';
import type { Rumour } from './rumours.ts';
import type { SuspicionTimes } from './suspicion.ts';

interface Components {
  readonly self: PeerId;
  readonly boot: number;
  readonly addresses: () => readonly string[];
  /** Peers with a link, or wanted to have one: who is probed and told. */
  readonly neighbours: () => readonly PeerId[];
  readonly wire: PeerIdWire;
}

type ChangeListener = (view: MemberView, previous: MemberView | undefined) => void;

/** Worse beats better at equal (boot, incarnation). */
const badness: Record<Liveness, number> = { alive: 0, suspect: 1, away: 2, dead: 3 };

/** Rumours kept; a storm of more is repaired by digests. */
const rumoursMax = 512;
/** A table is sent to one peer at most so often. */
const tableEveryMs = 500;

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
  readonly #table: MemberTable;
  readonly #probes = new Probes();
  readonly #rumours = new Rumours(rumoursMax);
  readonly #suspicions = new Map<PeerId, Suspicion>();
  readonly #tableSentMs = new Map<PeerId, number>();
  readonly #listeners: ChangeListener[] = [];
  /** Told at the end of the current call. */
  #urgent: { readonly rumour: Rumour; readonly wide: boolean }[] = [];
  #queue: PeerId[] = [];
  #health = 0;
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
    const { self, boot } = components;
    const addresses = components.addresses().slice(0, addressesMax);
    this.#table = new MemberTable(
      { peer: self, boot, incarnation: 0, state: 'alive', sinceMs: nowMs, reset: false, addresses },
      config,
    );
  }

  get membership(): Membership {
    return this.#table;
  }

  get table(): MemberTable {
    return this.#table;
  }

  /** 0 is well; more means that this machine itself seems slow. */
  get health(): number {
    return this.#health;
  }

  get incarnation(): number {
    return this.#own().incarnation;
  }

  /** Somebody is suspected. */
  get isInDoubt(): boolean {
    return this.#suspicions.size > 0;
  }

  counters(): { readonly stalls: number; readonly dropped: number; readonly suspicions: number } {
    return { stalls: this.#stalls, dropped: this.#dropped, suspicions: this.#suspicions.size };
  }

  /** Called within the call that changed a peer's state, boot or incarnation. */
  onChange(listener: ChangeListener): void {
    this.#listeners.push(listener);
  }

  nextWakeMs(): number {
    let next = Math.min(this.#nextRoundMs, this.#nextSyncMs, this.#probes.nextDeadlineMs());
    for (const { deadlineMs } of this.#suspicions.values()) next = Math.min(next, deadlineMs);
    return next;
  }

  /** Every entry comes through here: notices how late the host is, and sends at its end what became urgent. */
  #enter(context: GossipContext, act: () => void): void {
    const lateMs = context.nowMs - this.#wakeMs;
    if (lateMs > this.#config.lateMs) {
      this.#stalls++;
      this.#setHealth(this.#health + 1);
      this.#probes.postpone(lateMs + this.#config.drainMs);
      for (const suspicion of this.#suspicions.values()) {
        suspicion.postpone(lateMs + this.#config.drainMs);
      }
    }
    act();
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
      else this.#handle(from, decoded, context);
    });
  }

  /** Any message of any protocol proves that its sender lives. */
  heard(from: PeerId): void {
    if (this.#probes.end(from)) this.#setHealth(this.#health - 1);
  }

  linkUp(peer: PeerId, boot: number, addresses: readonly string[], context: GossipContext): void {
    this.#enter(context, () => {
      const kept = addresses.slice(0, addressesMax);
      const known = this.#table.get(peer);
      if (known === undefined || boot > known.boot) {
        this.#become(
          { peer, boot, incarnation: 0, state: 'alive', addresses: kept },
          context,
          false,
        );
      } else if (boot === known.boot) {
        if (kept.length > 0) this.#table.put({ ...known, addresses: kept });
        // It must hear of its own suspicion or death, which alone it can refute.
        if (known.state !== 'alive')
          this.#sendUpdates(peer, [this.#update({ peer }, context)], context);
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
          this.#probes.end(peer);
          this.#become({ ...known, state: 'dead', reset: true }, context, true);
          break;
        case 'reset':
          // A slower suspicion that runs already gives way to this one.
          this.#suspicions.delete(peer);
          this.#accuse(known, this.#components.self, context, {
            minMs: this.#config.resetSuspicionMs,
            maxMs: this.#config.resetSuspicionMs,
            confirmations: 0,
          });
          break;
        case 'silent':
          this.#accuse(known, this.#components.self, context);
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
      if (probe.helpers === 0) this.#askHelpers(probe, context);
    });
  }

  /** This daemon stops on purpose: the ring shall close without it while its places are kept. */
  announceAway(forMs: number, context: GossipContext): void {
    this.#enter(context, () => {
      const awayUntilMs = context.nowMs + Math.min(forMs, this.#config.awayMaxMs);
      this.#setOwn({ state: 'away', awayUntilMs }, context);
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
    for (const [peer, suspicion] of this.#suspicions) {
      const known = this.#table.get(peer);
      if (nowMs < suspicion.deadlineMs || known === undefined) continue;
      this.#become({ ...known, state: 'dead', reset: false }, context, true);
    }
  }

  /** Once a period: probe the next on the ring and, in turn, everybody else near. */
  #round(context: GossipContext): void {
    const { periodMs, probesPerPeriod, probesPerPeriodInDoubt, forgetMs } = this.#config;
    this.#nextRoundMs = context.nowMs + periodMs * (1 + this.#health);
    this.#table.forgetDead(context.nowMs - forgetMs);
    for (const view of this.#table.all()) {
      if (view.state !== 'away' || view.peer === this.#components.self) continue;
      if (context.nowMs < (view.awayUntilMs ?? 0)) continue;
      this.#become({ ...view, state: 'dead', reset: false }, context, false);
    }
    this.#noticeOwnAddresses(context);
    const next = this.#table
      .ringNeighbours(this.#config.confirmations + 1, 1)
      .find((peer) => this.#table.get(peer)?.state === 'alive');
    if (next !== undefined) this.#probe(next, context);
    const count = this.isInDoubt ? probesPerPeriodInDoubt : probesPerPeriod;
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
  }

  // Probing

  #startProbe(target: PeerId, nowMs: number): Probe {
    const { probeTimeoutMs, periodMs } = this.#config;
    const stretch = 1 + this.#health;
    return this.#probes.start(target, nowMs + probeTimeoutMs * stretch, nowMs + periodMs * stretch);
  }

  #probe(target: PeerId, context: GossipContext): void {
    if (this.#probes.has(target)) return;
    const { number } = this.#startProbe(target, context.nowMs);
    this.#ping(target, number, context);
  }

  #ping(target: PeerId, number: number, context: GossipContext): void {
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
      this.#accuse(known, this.#components.self, context);
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
        for (const update of message.updates) this.#apply(update, context);
        const updates = this.#piggyback(from, context);
        this.#send(from, { type: 'ack', number: message.number, updates }, context);
        break;
      }
      case 'ack': {
        for (const update of message.updates) this.#apply(update, context);
        const relay = this.#probes.takeRelay(from, message.number);
        if (relay !== undefined) {
          this.#send(relay.asker, { type: 'ack', number: relay.askerNumber, updates: [] }, context);
        }
        const probe = this.#probes.byNumber(message.number);
        if (probe !== undefined) this.heard(probe.target);
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
        for (const update of message.updates) this.#apply(update, context);
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
    this.#sendUpdates(
      from,
      newest.map(({ peer }) => this.#update({ peer }, context)),
      context,
    );
    this.#send(from, { type: 'digest', digest: this.#table.digest }, context);
  }

  #sendUpdates(to: PeerId, updates: readonly Update[], context: GossipContext): void {
    const size = Math.min(updatesMax, this.#config.frameUpdatesMax);
    for (let i = 0; i < updates.length; i += size) {
      this.#send(to, { type: 'news', updates: updates.slice(i, i + size) }, context);
    }
  }

  #piggyback(to: PeerId, context: GossipContext): Update[] {
    const updates = this.#rumours
      .take(this.#config.piggybackMax)
      .map((rumour) => this.#update(rumour, context));
    // Buddy system: the accused hears it first.
    const believed = this.#table.get(to);
    if (believed !== undefined && believed.state !== 'alive') {
      updates.unshift(this.#update({ peer: to }, context));
    }
    return updates;
  }

  /** Words for a rumour, from what is believed now. */
  #update({ peer, suspectedBy }: Rumour, context: GossipContext): Update {
    const view = this.#table.get(peer);
    if (view === undefined) return { peer, boot: 0, incarnation: 0, state: 'alive' };
    const { boot, incarnation, state, reset, addresses } = view;
    const update = { peer, boot, incarnation, state };
    switch (state) {
      case 'alive':
        return { ...update, addresses };
      case 'suspect': {
        const accusers = this.#suspicions.get(peer)?.accusers() ?? [];
        const { self } = this.#components;
        const accuser = suspectedBy ?? (accusers.includes(self) ? self : accusers[0]);
        return accuser === undefined ? update : { ...update, suspectedBy: accuser };
      }
      case 'away':
        return { ...update, addresses, awayForMs: (view.awayUntilMs ?? 0) - context.nowMs };
      case 'dead':
        return { ...update, reset };
      default:
        return state satisfies never;
    }
  }

  #send(to: PeerId, message: DetectorMessage, context: GossipContext): void {
    if (to !== this.#components.self) {
      context.send(to, encodeDetector(message, this.#components.wire));
    }
  }

  // Belief

  /** Somebody's word about a peer. */
  #apply(update: Update, context: GossipContext): void {
    if (update.peer === this.#components.self) {
      this.#refute(update, context);
      return;
    }
    const known = this.#table.get(update.peer);
    if (known === undefined) {
      if (!this.#table.hasRoom) return;
      if (update.state === 'suspect') {
        this.#accuse(update, update.suspectedBy ?? update.peer, context);
      } else this.#become(update, context, false);
      return;
    }
    const order =
      update.boot - known.boot ||
      update.incarnation - known.incarnation ||
      badness[update.state] - badness[known.state];
    if (update.state === 'suspect' && order >= 0) {
      this.#accuse(update, update.suspectedBy ?? update.peer, context);
    } else if (order > 0) this.#become(update, context, false);
  }

  /** Our own state is ours to say: a worse belief of this boot is answered with a higher incarnation. */
  #refute(update: Update, context: GossipContext): void {
    const own = this.#own();
    if (update.boot !== own.boot || update.incarnation < own.incarnation) return;
    const isWorse = badness[update.state] > badness[own.state];
    if (!isWorse && update.incarnation === own.incarnation) return;
    if (isWorse) this.#setHealth(this.#health + 1);
    this.#setOwn({ incarnation: update.incarnation + 1 }, context);
  }

  #own(): MemberView {
    return this.#table.get(this.#components.self) as MemberView;
  }

  #setOwn(change: Partial<MemberView>, context: GossipContext): void {
    const own = this.#own();
    const incarnation = change.incarnation ?? own.incarnation + 1;
    const sinceMs = change.state === undefined ? own.sinceMs : context.nowMs;
    this.#put({ ...own, ...change, incarnation, sinceMs }, true);
  }

  #noticeOwnAddresses(context: GossipContext): void {
    const addresses = this.#components.addresses().slice(0, addressesMax);
    if (addresses.join() !== this.#own().addresses.join()) this.#setOwn({ addresses }, context);
  }

  #accuse(
    accused: Pick<Update, 'peer' | 'boot' | 'incarnation'>,
    accuser: PeerId,
    context: GossipContext,
    times: SuspicionTimes = this.#suspicionTimes(),
  ): void {
    const { peer, boot, incarnation } = accused;
    const { self } = this.#components;
    const known = this.#table.get(peer);
    const suspicion = this.#suspicions.get(peer);
    const isSame = known?.boot === boot && known.incarnation === incarnation;
    if (suspicion !== undefined && known?.state === 'suspect' && isSame) {
      if (!suspicion.confirm(accuser)) return;
      this.#tell({ peer, suspectedBy: accuser }, accuser === self);
      return;
    }
    this.#suspicions.set(peer, new Suspicion(times, context.nowMs, accuser));
    this.#become({ peer, boot, incarnation, state: 'suspect' }, context, accuser === self);
    // Whoever is near looks for itself, which confirms or makes the accused refute.
    if (accuser !== self && this.#livingNeighbours().includes(peer)) this.#probe(peer, context);
  }

  #suspicionTimes(): SuspicionTimes {
    const { suspicionMinMs, suspicionMaxFactor, confirmations } = this.#config;
    const others = this.#table.living().length - 2;
    const minMs = suspicionMinMs * Math.max(1, Math.log10(others + 2));
    const possible = Math.max(0, Math.min(confirmations, others));
    return { minMs, maxMs: minMs * suspicionMaxFactor, confirmations: possible };
  }

  #become(update: Update, context: GossipContext, wide: boolean): void {
    const { peer, boot, incarnation, state } = update;
    const known = this.#table.get(peer);
    if (state !== 'suspect') this.#suspicions.delete(peer);
    if (state === 'dead' || state === 'away') this.#probes.end(peer);
    const isSameState = known?.state === state && known.boot === boot;
    const awayForMs = Math.min(update.awayForMs ?? 0, this.#config.awayMaxMs);
    this.#put(
      {
        peer,
        boot,
        incarnation,
        state,
        sinceMs: isSameState ? known.sinceMs : context.nowMs,
        reset: state === 'dead' && update.reset === true,
        addresses: update.addresses ?? known?.addresses ?? [],
        ...(state === 'away' && { awayUntilMs: context.nowMs + awayForMs }),
      },
      wide,
    );
  }

  /** The only door into the table. */
  #put(view: MemberView, wide: boolean): void {
    const previous = this.#table.get(view.peer);
    this.#table.put(view);
    this.#tell({ peer: view.peer }, wide);
    for (const listener of this.#listeners) listener(view, previous);
  }

  // Telling

  #livingNeighbours(): PeerId[] {
    return this.#components
      .neighbours()
      .filter((peer) => peer !== this.#components.self && this.#table.isLiving(peer));
  }

  #tell(rumour: Rumour, wide: boolean): void {
    const peers = this.#table.size;
    const times = Math.max(1, Math.ceil(this.#config.retransmitFactor * Math.log10(peers + 1)));
    this.#rumours.add(rumour, times);
    this.#urgent.push({ rumour, wide });
  }

  #flush(context: GossipContext): void {
    if (this.#urgent.length === 0) return;
    const urgent = this.#urgent;
    this.#urgent = [];
    const near = this.#livingNeighbours();
    const few = new Set(drawSome(near, this.#config.fanout, context.random));
    for (const peer of near) {
      const rumours = urgent.filter(({ wide }) => wide || few.has(peer));
      const updates = rumours.map(({ rumour }) => this.#update(rumour, context));
      if (updates.length > 0) this.#sendUpdates(peer, updates, context);
    }
  }
}
