import { Flows } from './flows.ts';
import { decodeAveraging, encodeAveraging } from './message.ts';
import type { AveragingConfig } from './config.ts';
import type { AveragingMessage } from './message.ts';
import type { GossipContext, Protocol } from '../protocol.ts';
import type { PeerId } from '../../objects/ids.ts';
import type { Random } from '../../lib/random.ts';

/** What is averaged: numbers told apart by a key. */
export interface Quantities {
  /** The keys that this peer brings into an epoch that it enters. */
  begin(epoch: number, random: Random): readonly number[];
  /** This peer's own value of a key, also of one that another peer brought in. */
  valueOf(key: number): number;
  /** Which of these keys are kept; the same choice at every peer that knows the same keys. */
  keep(keys: readonly number[]): readonly number[];
  /** By how much the estimate of this key, which is `estimate` now, may move in an exchange and still count as still. */
  tolerance(key: number, estimate: number): number;
}

interface Components {
  readonly self: PeerId;
  /** A random living peer. */
  readonly partner: (random: Random) => PeerId | undefined;
  readonly quantities: Quantities;
}

/**
 * Averaging in epochs, as in M. Jelasity, A. Montresor, O. Babaoglu, "Gossip-based aggregation in large dynamic
 * networks", ACM TOCS 23(3), 2005, with the exchange made proof against loss and deaths by `Flows`.
 *
 * House rules. A message of a later epoch moves its receiver on at once; one of an earlier epoch is answered with the
 * later one. An exchange that was not answered stays open and is repeated until it is, so that what its loss
 * unbalanced is balanced soon. A peer that enters late brings its own value: no waiting for the next
 * epoch.
 */
export class Averaging implements Protocol {
  readonly #components: Components;
  readonly #config: AveragingConfig;
  #flows: Flows;
  #epoch = 0;
  #nextEpochMs = -Infinity;
  #cycles = 0;
  #still = 0;
  /** Partners that were asked and have not answered, and how often. */
  readonly #open = new Map<PeerId, number>();
  #dropped = 0;

  constructor(components: Components, config: AveragingConfig) {
    this.#components = components;
    this.#config = config;
    this.#flows = this.#newFlows();
  }

  get epoch(): number {
    return this.#epoch;
  }

  /** Cycles spent in this epoch. */
  get cycles(): number {
    return this.#cycles;
  }

  get isConverged(): boolean {
    const { convergedExchanges, convergedCycles } = this.#config;
    return this.#cycles >= convergedCycles && this.#still >= convergedExchanges;
  }

  get dropped(): number {
    return this.#dropped;
  }

  keys(): readonly number[] {
    return this.#flows.keys();
  }

  estimate(key: number): number | undefined {
    return this.#flows.estimate(key);
  }

  cycle(context: GossipContext): void {
    if (this.#epoch === 0 || context.nowMs >= this.#nextEpochMs) {
      this.enterEpoch(this.#epoch + 1, context);
    }
    this.#cycles++;
    this.#flows.refresh();
    const late = [...this.#open.keys()].slice(0, this.#config.retriesPerCycle);
    const partner = this.#nextPartner(context.random);
    // Alone, one's own values are the averages.
    if (partner === undefined && late.length === 0) this.#still++;
    for (const peer of late) this.#ask(peer, context);
    if (partner !== undefined && !late.includes(partner)) this.#ask(partner, context);
  }

  receive(from: PeerId, message: Uint8Array, context: GossipContext): void {
    const decoded = decodeAveraging(message);
    if (decoded === undefined || from === this.#components.self) {
      this.#dropped++;
      return;
    }
    if (decoded.epoch > this.#epoch) this.enterEpoch(decoded.epoch, context);
    if (decoded.epoch < this.#epoch) {
      if (decoded.type === 'ask') this.#send('answer', from, context);
    } else if (this.#flows.admits(from)) this.#exchange(from, decoded, context);
  }

  /** The partner is given up; whether it died is for others to say. */
  unreachable(peer: PeerId, _context: GossipContext): void {
    this.#open.delete(peer);
  }

  /** It is dead, or lives in a new boot that knows nothing of our flows. */
  forget(peer: PeerId): void {
    this.#open.delete(peer);
    if (this.#flows.knows(peer)) this.#still = 0;
    this.#flows.forget(peer);
  }

  enterEpoch(epoch: number, context: GossipContext): void {
    // The last epoch can still be read while its successor is prepared.
    const keys = this.#components.quantities.begin(epoch, context.random);
    this.#epoch = epoch;
    this.#nextEpochMs = context.nowMs + this.#config.epochMs * (1 + context.random.next() / 5);
    this.#cycles = 0;
    this.#still = 0;
    this.#open.clear();
    this.#flows = this.#newFlows();
    this.#admit(keys);
  }

  #newFlows(): Flows {
    const { self, quantities } = this.#components;
    return new Flows(self, (key) => quantities.valueOf(key), this.#config.pairsMax);
  }

  #nextPartner(random: Random): PeerId | undefined {
    for (let draws = 0; draws < 4; draws++) {
      const partner = this.#components.partner(random);
      if (partner === undefined || this.#flows.admits(partner)) return partner;
    }
    return undefined;
  }

  #ask(partner: PeerId, context: GossipContext): void {
    const tries = (this.#open.get(partner) ?? 0) + 1;
    // The least recently asked is the first.
    this.#open.delete(partner);
    if (tries <= this.#config.triesMax) this.#open.set(partner, tries);
    this.#send('ask', partner, context);
  }

  #exchange(from: PeerId, message: AveragingMessage, context: GossipContext): void {
    this.#admit(message.items.map(({ key }) => key));
    const before = new Map(this.#flows.keys().map((key) => [key, this.#flows.estimate(key) ?? 0]));
    if (message.type === 'ask') {
      this.#flows.meet(from, message.version, message.items);
      this.#send('answer', from, context);
    } else {
      this.#flows.settle(from, message.version, message.items);
      this.#open.delete(from);
    }
    this.#still = this.#isStill(before) ? this.#still + 1 : 0;
  }

  #isStill(before: ReadonlyMap<number, number>): boolean {
    for (const [key, old] of before) {
      const now = this.#flows.estimate(key) ?? 0;
      if (Math.abs(now - old) > this.#components.quantities.tolerance(key, now)) return false;
    }
    return true;
  }

  #admit(keys: readonly number[]): void {
    for (const key of keys) this.#flows.add(key);
    const all = this.#flows.keys();
    const kept = new Set(this.#components.quantities.keep(all));
    for (const key of all) if (!kept.has(key)) this.#flows.drop(key);
  }

  #send(type: AveragingMessage['type'], to: PeerId, context: GossipContext): void {
    const { version, items } = this.#flows.items(to);
    context.send(to, encodeAveraging({ type, epoch: this.#epoch, version, items }));
  }
}
