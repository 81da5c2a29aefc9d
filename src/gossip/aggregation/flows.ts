import type { PeerId } from '../../objects/ids.ts';

/** One quantity in a message: the flow to the receiver and the sender's estimate before this exchange. */
export interface FlowItem {
  readonly key: number;
  readonly flow: number;
  readonly estimate: number;
}

/** What has flowed over one pair of peers, as one of them sees it. */
interface PairFlow {
  /** Grows with every exchange of the pair; the higher version holds. */
  version: number;
  readonly flows: Map<number, number>;
}

/**
 * Averages that no lost message can falsify: flow updating (P. Jesus, C. Baquero, P. S. Almeida, DAIS 2009) done in
 * pairs, with versions. A peer's estimate is its own value minus what has flowed out. A message does not carry mass
 * but says how much has flowed over this pair in all; read twice it changes nothing, lost it is made good by the next.
 *
 * Invariant: once both ends of every pair hold the same version, the estimates' sum is the values' sum. Of two equal
 * versions with different flows that of the lower peer id holds. A peer that died is forgotten by all who exchanged
 * with it, which takes its value, and nothing else, out of the sum.
 *
 * Quantities are told apart by a number; a peer that meets a new one enters it with its own value, `valueOf(key)`.
 */
export class Flows {
  readonly #self: PeerId;
  readonly #valueOf: (key: number) => number;
  readonly #pairsMax: number;
  readonly #values = new Map<number, number>();
  readonly #estimates = new Map<number, number>();
  readonly #pairs = new Map<PeerId, PairFlow>();

  constructor(self: PeerId, valueOf: (key: number) => number, pairsMax: number) {
    this.#self = self;
    this.#valueOf = valueOf;
    this.#pairsMax = pairsMax;
  }

  keys(): number[] {
    return [...this.#values.keys()];
  }

  estimate(key: number): number | undefined {
    return this.#estimates.get(key);
  }

  get pairs(): number {
    return this.#pairs.size;
  }

  knows(peer: PeerId): boolean {
    return this.#pairs.has(peer);
  }

  /** Whether an exchange with this peer fits the bound. */
  admits(peer: PeerId): boolean {
    return this.#pairs.has(peer) || this.#pairs.size < this.#pairsMax;
  }

  add(key: number): void {
    if (this.#values.has(key)) return;
    const value = this.#valueOf(key);
    this.#values.set(key, value);
    this.#estimates.set(key, value);
  }

  /** Reads the own values again: a change flows out like any other difference. */
  refresh(): void {
    for (const [key, old] of this.#values) {
      const value = this.#valueOf(key);
      if (value === old) continue;
      this.#values.set(key, value);
      this.#shift(key, value - old);
    }
  }

  drop(key: number): void {
    this.#values.delete(key);
    this.#estimates.delete(key);
    for (const { flows } of this.#pairs.values()) flows.delete(key);
  }

  /** It died: what flowed to it comes back, what came from it goes. */
  forget(peer: PeerId): void {
    const pair = this.#pairs.get(peer);
    if (pair === undefined) return;
    for (const [key, flow] of pair.flows) this.#shift(key, flow);
    this.#pairs.delete(peer);
  }

  /** What to send to `peer`: the version and flows of the pair, and the estimates. */
  items(peer: PeerId): { readonly version: number; readonly items: FlowItem[] } {
    const pair = this.#pairs.get(peer);
    const items = this.keys().map((key) => ({
      key,
      flow: pair?.flows.get(key) ?? 0,
      estimate: this.#estimates.get(key) ?? 0,
    }));
    return { version: pair?.version ?? 0, items };
  }

  /** The other end asks to average: afterwards both estimates are the mean of the two, once it reads our items. */
  meet(peer: PeerId, version: number, items: readonly FlowItem[]): void {
    const pair = this.#pair(peer);
    this.#adopt(peer, pair, version, items);
    for (const { key, flow, estimate } of items) {
      const own = this.#estimates.get(key);
      if (own === undefined) continue;
      // Where the other end missed our last answer its estimate is off by what it will learn from this one.
      const out = pair.flows.get(key) ?? 0;
      const theirs = estimate + flow + out;
      const moved = (own - theirs) / 2;
      pair.flows.set(key, out + moved);
      this.#shift(key, -moved);
    }
    pair.version = Math.max(pair.version, version) + 1;
  }

  /** The other end has averaged: its flows hold, if they are newer. */
  settle(peer: PeerId, version: number, items: readonly FlowItem[]): void {
    this.#adopt(peer, this.#pair(peer), version, items);
  }

  #adopt(peer: PeerId, pair: PairFlow, version: number, items: readonly FlowItem[]): void {
    const isNewer = version > pair.version || (version === pair.version && peer < this.#self);
    if (!isNewer) return;
    for (const { key, flow } of items) {
      if (!this.#values.has(key)) continue;
      this.#shift(key, (pair.flows.get(key) ?? 0) + flow);
      pair.flows.set(key, -flow);
    }
    pair.version = version;
  }

  #pair(peer: PeerId): PairFlow {
    let pair = this.#pairs.get(peer);
    if (pair === undefined) {
      pair = { version: 0, flows: new Map() };
      this.#pairs.set(peer, pair);
    }
    return pair;
  }

  #shift(key: number, by: number): void {
    this.#estimates.set(key, (this.#estimates.get(key) ?? 0) + by);
  }
}
