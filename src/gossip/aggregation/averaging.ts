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
  /** Whether the average of this key has to stand still before the epoch counts as converged. */
  matters(key: number): boolean;
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
 * later one. An exchange that was not answered is repeated with the same partner before another is chosen, so that
 * what its loss unbalanced is balanced soon. A peer that enters late brings its own value: no waiting for the next
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
  #pending: { readonly partner: PeerId; readonly tries: number } | undefined;
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
    const { partner, tries } = this.#nextPartner(context.random);
    if (partner === undefined) {
      // Alone, one's own values are the averages.
      this.#still++;
      return;
    }
    this.#pending = { partner, tries };
    this.#send('ask', partner, context);
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
    if (this.#pending?.partner === peer) this.#pending = undefined;
  }

  /** It is dead, or lives in a new boot that knows nothing of our flows. */
  forget(peer: PeerId): void {
    if (this.#pending?.partner === peer) this.#pending = undefined;
    if (this.#flows.knows(peer)) this.#still = 0;
    this.#flows.forget(peer);
  }

  enterEpoch(epoch: number, context: GossipContext): void {
    this.#epoch = epoch;
    this.#nextEpochMs = context.nowMs + this.#config.epochMs * (1 + context.random.next() / 5);
    this.#cycles = 0;
    this.#still = 0;
    this.#pending = undefined;
    // The last epoch can still be read while its successor is set up.
    const keys = this.#components.quantities.begin(epoch, context.random);
    this.#flows = this.#newFlows();
    this.#admit(keys);
  }

  #newFlows(): Flows {
    const { self, quantities } = this.#components;
    return new Flows(self, (key) => quantities.valueOf(key), this.#config.pairsMax);
  }

  #nextPartner(random: Random): { readonly partner?: PeerId; readonly tries: number } {
    const pending = this.#pending;
    this.#pending = undefined;
    if (pending !== undefined && pending.tries < this.#config.triesMax) {
      return { partner: pending.partner, tries: pending.tries + 1 };
    }
    for (let draws = 0; draws < 4; draws++) {
      const partner = this.#components.partner(random);
      if (partner === undefined) break;
      if (this.#flows.admits(partner)) return { partner, tries: 1 };
    }
    return { tries: 0 };
  }

  #exchange(from: PeerId, message: AveragingMessage, context: GossipContext): void {
    this.#admit(message.items.map(({ key }) => key));
    const before = new Map(this.#flows.keys().map((key) => [key, this.#flows.estimate(key) ?? 0]));
    if (message.type === 'ask') {
      this.#flows.meet(from, message.version, message.items);
      this.#send('answer', from, context);
    } else {
      this.#flows.settle(from, message.version, message.items);
      if (this.#pending?.partner === from) this.#pending = undefined;
    }
    this.#still = this.#isStill(before) ? this.#still + 1 : 0;
  }

  #isStill(before: ReadonlyMap<number, number>): boolean {
    for (const [key, old] of before) {
      if (!this.#components.quantities.matters(key)) continue;
      const now = this.#flows.estimate(key) ?? 0;
      if (Math.abs(now - old) > this.#config.convergedDelta * Math.max(Math.abs(now), 1e-12)) {
        return false;
      }
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
