import { mix32 } from '../../lib/mix.ts';
import { Averaging } from './averaging.ts';
import { checkAveraging } from './config.ts';
import type { AveragingConfig } from './config.ts';
import type { GossipContext, Protocol } from '../protocol.ts';
import type { PeerId } from '../../objects/ids.ts';
import type { Random } from '../../lib/random.ts';

/** What the whole cloud looks like from here. Estimates of the last converged state. */
export interface Aggregates {
  /** Peers, a whole number. */
  readonly size: number;
  /** Peers that hold no place in any slice. */
  readonly freePeers: number;
  /** Mean of the peers' loads, in the load's own unit. */
  readonly meanLoad: number;
  readonly epoch: number;
  /** False while the current epoch still moves; the numbers are then those of before. */
  readonly isConverged: boolean;
}

interface Components {
  readonly self: PeerId;
  readonly boot: number;
  readonly partner: (random: Random) => PeerId | undefined;
  /** This peer's own share. `load` is read once an epoch, `free` in every cycle. */
  readonly values: () => { readonly load: number; readonly free: boolean };
}

const loadKey = 0;
const freeKey = 1;
/** A count whose share is smaller has lost its leader: what is left of it is rounding. */
const shareMin = 1e-9;
/** Counts have larger keys, drawn from their leader's name. */
const firstCountKey = 16;

/**
 * The aggregation service of the P2P cloud paper: network size, free peers and mean load, in one exchange (M. Jelasity,
 * A. Montresor, O. Babaoglu, ACM TOCS 23(3), 2005; loss-proof as told in `Flows`).
 *
 * The size is counted as in the paper: one peer holds 1, all others 0, and the average is 1/N. Here several peers
 * start such a count in each epoch, by lot; a count whose leader is known dead is void, and the median of the others
 * is the size. When all are void a new epoch begins.
 */
export class Aggregator implements Protocol {
  readonly #components: Components;
  readonly #config: AveragingConfig;
  readonly #averaging: Averaging;
  /** Leaders known dead: their counts in this epoch. */
  readonly #void = new Set<number>();
  #ownCountKey = 0;
  #leads = false;
  /** Epochs in a row that nobody led; the chance to lead doubles with each. */
  #leaderless = 0;
  #load = 0;
  #last: Omit<Aggregates, 'epoch' | 'isConverged'>;

  constructor(components: Components, config: AveragingConfig) {
    checkAveraging(config);
    this.#components = components;
    this.#config = config;
    const { load, free } = components.values();
    this.#last = { size: 1, freePeers: free ? 1 : 0, meanLoad: load };
    this.#averaging = new Averaging(
      {
        self: components.self,
        partner: components.partner,
        quantities: {
          begin: (epoch, random) => this.#begin(epoch, random),
          valueOf: (key) => this.#valueOf(key),
          keep: (keys) => this.#keep(keys),
          tolerance: (key, estimate) => this.#tolerance(key, estimate),
        },
      },
      config,
    );
  }

  get aggregates(): Aggregates {
    const { epoch, isConverged } = this.#averaging;
    return { ...this.#last, epoch, isConverged };
  }

  get isConverged(): boolean {
    return this.#averaging.isConverged;
  }

  get dropped(): number {
    return this.#averaging.dropped;
  }

  cycle(context: GossipContext): void {
    this.#averaging.cycle(context);
    if (this.#averaging.isConverged) this.#publish();
    // None by then means that none was begun or is left.
    const isLost = this.#sizes().length === 0 && this.#averaging.cycles > this.#patienceCycles;
    if (isLost) this.#averaging.enterEpoch(this.#averaging.epoch + 1, context);
  }

  receive(from: PeerId, message: Uint8Array, context: GossipContext): void {
    this.#averaging.receive(from, message, context);
    if (this.#averaging.isConverged) this.#publish();
  }

  unreachable(peer: PeerId, context: GossipContext): void {
    this.#averaging.unreachable(peer, context);
  }

  /** `peer` in `boot` is dead. */
  forget(peer: PeerId, boot: number): void {
    this.#void.add(countKey(peer, boot, this.#averaging.epoch));
    this.#averaging.forget(peer);
  }

  /** A count needs some log2(size) cycles to reach everybody, and as many to even out. */
  get #patienceCycles(): number {
    return this.#config.convergedCycles + 2 * Math.log2(1 + this.#last.size);
  }

  #begin(epoch: number, random: Random): readonly number[] {
    const { self, boot, values } = this.#components;
    // What an epoch has come to at its end counts, even where losses and deaths never let it stand still.
    if (this.#averaging.cycles > this.#patienceCycles) this.#publish();
    const hadCount = epoch <= 1 || this.#sizes().length > 0;
    this.#leaderless = hadCount ? 0 : this.#leaderless + 1;
    this.#void.clear();
    this.#load = values().load;
    this.#ownCountKey = countKey(self, boot, epoch);
    const chance = (this.#config.leaders / this.#last.size) * 2 ** this.#leaderless;
    this.#leads = random.next() < chance;
    return this.#leads ? [loadKey, freeKey, this.#ownCountKey] : [loadKey, freeKey];
  }

  #valueOf(key: number): number {
    if (key === loadKey) return this.#load;
    if (key === freeKey) return this.#components.values().free ? 1 : 0;
    return this.#leads && key === this.#ownCountKey ? 1 : 0;
  }

  /** The load never stands still, and void counts do not matter. */
  #tolerance(key: number, estimate: number): number {
    const { convergedDelta } = this.#config;
    if (key === loadKey || this.#void.has(key)) return Infinity;
    return convergedDelta * (key === freeKey ? 1 : Math.max(shareMin, Math.abs(estimate)));
  }

  /** The counts with the smallest keys: keys are spread evenly, so this favours nobody. */
  #keep(keys: readonly number[]): readonly number[] {
    const counts = keys.filter((key) => key >= firstCountKey).toSorted((a, b) => a - b);
    return [loadKey, freeKey, ...counts.slice(0, this.#config.instancesMax)];
  }

  #sizes(): number[] {
    return this.#averaging
      .keys()
      .filter((key) => key >= firstCountKey && !this.#void.has(key))
      .map((key) => this.#averaging.estimate(key) ?? 0)
      .filter((share) => share > shareMin)
      .map((share) => Math.max(1, 1 / share))
      .toSorted((a, b) => a - b);
  }

  #publish(): void {
    const sizes = this.#sizes();
    const middle = sizes.length >> 1;
    const upper = sizes[middle];
    if (upper === undefined) return;
    const size = sizes.length % 2 === 1 ? upper : ((sizes[middle - 1] ?? upper) + upper) / 2;
    const share = Math.min(1, Math.max(0, this.#averaging.estimate(freeKey) ?? 0));
    this.#last = {
      size: Math.round(size),
      freePeers: Math.round(share * size),
      meanLoad: this.#averaging.estimate(loadKey) ?? 0,
    };
  }
}

function countKey(peer: PeerId, boot: number, epoch: number): number {
  return firstCountKey + mix32(`${peer} ${boot} ${epoch}`);
}
