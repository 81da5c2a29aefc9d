import { mix53 } from '../../lib/mix.ts';
import { decodeFields, encodeFields, isCount, isText } from '../codec.ts';
import { Averaging } from '../aggregation/averaging.ts';
import { checkAveraging } from '../aggregation/config.ts';
import type { AveragingConfig } from '../aggregation/config.ts';
import type { GossipContext, Protocol } from '../protocol.ts';
import type { PeerId } from '../../objects/ids.ts';
import type { Random } from '../../lib/random.ts';

interface Components {
  readonly self: PeerId;
  readonly partner: (random: Random) => PeerId | undefined;
  /** This peer's own attributes; one that is missing counts as 0. */
  readonly attributes: () => Readonly<Record<string, number>>;
}

interface Distribution {
  readonly averaging: Averaging;
  /** This peer's value, fixed for the epoch: what was said of it must not move under the others. */
  own: number;
  /** Which thresholds stay, once there are too many: those with the lowest. */
  readonly lots: Map<number, number>;
  rank: number | undefined;
  /** Somebody wants it known until then. */
  wantedUntilMs: number;
}

/** Attributes ranked at the same time; names beyond it are not taken up. */
const attributesMax = 16;
const nameLengthMax = 63;
const bounds = { maxBytes: 10 * 1024, maxDepth: 1, maxItems: 4 };
/** An attribute that nobody asked for is ranked no longer. */
const wantedMs = 600_000;

/**
 * The slicing service of the P2P cloud paper: which share of the peers is below me. Not by swapping or sampling as in
 * ordered slicing (M. Jelasity, A.-M. Kermarrec, P2P 2006), whose errors stay, but as in Adam2 (J. Sacha et al., ICDCS
 * 2010): the distribution itself is aggregated. Each threshold's average of "my value is below it" is the cumulative
 * share at the threshold; between thresholds it is interpolated.
 *
 * The thresholds are the peers' own values, at most `thresholdsMax`, chosen by a hash so that all peers choose the same:
 * a random sample that adapts to any distribution, and all of them, hence exact ranks, where there are few.
 * An attribute is worked on only while someone, somewhere, asks for it.
 */
export class Slicer implements Protocol {
  readonly #components: Components;
  readonly #config: AveragingConfig;
  readonly #distributions = new Map<string, Distribution>();
  #turn = 0;
  #dropped = 0;

  constructor(components: Components, config: AveragingConfig) {
    checkAveraging(config);
    this.#components = components;
    this.#config = config;
  }

  get dropped(): number {
    return this.#dropped;
  }

  get isIdle(): boolean {
    return this.#distributions.size === 0;
  }

  get isConverged(): boolean {
    return [...this.#distributions.values()].every(({ averaging }) => averaging.isConverged);
  }

  /**
   * The share of peers whose value is below mine, in [0, 1); undefined until it is known. Asking is what makes the
   * cloud work on it.
   */
  rankOf(attribute: string, nowMs: number): number | undefined {
    const distribution = this.#distribution(attribute);
    if (distribution === undefined) return undefined;
    distribution.wantedUntilMs = nowMs + wantedMs;
    return distribution.rank;
  }

  /** One attribute a cycle, in turn. */
  cycle(context: GossipContext): void {
    for (const [attribute, { wantedUntilMs }] of this.#distributions) {
      if (wantedUntilMs < context.nowMs) this.#distributions.delete(attribute);
    }
    const names = [...this.#distributions.keys()];
    const attribute = names[this.#turn++ % Math.max(1, names.length)];
    const distribution = attribute === undefined ? undefined : this.#distributions.get(attribute);
    if (attribute === undefined || distribution === undefined) return;
    distribution.averaging.cycle(wrap(attribute, distribution, context));
    this.#settle(distribution);
  }

  receive(from: PeerId, message: Uint8Array, context: GossipContext): void {
    const fields = decodeFields(message, bounds);
    const [attribute, wantedForMs, payload] = fields ?? [];
    const isSound =
      isText(attribute, nameLengthMax) &&
      isCount(wantedForMs, wantedMs) &&
      payload instanceof Uint8Array;
    if (!isSound) {
      this.#dropped++;
      return;
    }
    const distribution = this.#distribution(attribute);
    if (distribution === undefined) return;
    // A wish travels with the time it has left, so that wishes do not keep each other alive for ever.
    const untilMs = context.nowMs + wantedForMs;
    distribution.wantedUntilMs = Math.max(distribution.wantedUntilMs, untilMs);
    distribution.averaging.receive(from, payload, wrap(attribute, distribution, context));
    this.#settle(distribution);
  }

  unreachable(peer: PeerId, context: GossipContext): void {
    for (const [attribute, distribution] of this.#distributions) {
      distribution.averaging.unreachable(peer, wrap(attribute, distribution, context));
    }
  }

  forget(peer: PeerId): void {
    for (const { averaging } of this.#distributions.values()) averaging.forget(peer);
  }

  #distribution(attribute: string): Distribution | undefined {
    const known = this.#distributions.get(attribute);
    if (known !== undefined || this.#distributions.size >= attributesMax) return known;
    const { self, partner, attributes } = this.#components;
    const read = (): number => attributes()[attribute] ?? 0;
    const averaging = new Averaging(
      {
        self,
        partner,
        quantities: {
          begin: () => {
            distribution.own = read();
            distribution.lots.clear();
            return [distribution.own];
          },
          valueOf: (threshold) => (distribution.own < threshold ? 1 : 0),
          keep: (thresholds) => this.#keep(thresholds, distribution),
          tolerance: () => this.#config.convergedDelta,
        },
      },
      this.#config,
    );
    const distribution: Distribution = {
      averaging,
      own: read(),
      lots: new Map(),
      rank: undefined,
      wantedUntilMs: -Infinity,
    };
    this.#distributions.set(attribute, distribution);
    return distribution;
  }

  #keep(thresholds: readonly number[], { averaging, lots }: Distribution): readonly number[] {
    if (thresholds.length <= this.#config.thresholdsMax) return thresholds;
    const lot = (threshold: number): number => {
      const drawn = lots.get(threshold) ?? mix53(`${averaging.epoch} ${threshold}`);
      lots.set(threshold, drawn);
      return drawn;
    };
    return thresholds.toSorted((a, b) => lot(a) - lot(b)).slice(0, this.#config.thresholdsMax);
  }

  #settle(distribution: Distribution): void {
    if (distribution.averaging.isConverged) distribution.rank = rankIn(distribution);
  }
}

function wrap(
  name: string,
  { wantedUntilMs }: Distribution,
  context: GossipContext,
): GossipContext {
  const wantedForMs = Math.max(0, Math.floor(wantedUntilMs - context.nowMs));
  return {
    nowMs: context.nowMs,
    random: context.random,
    send: (to, message) => context.send(to, encodeFields([name, wantedForMs, message])),
  };
}

/** Linear between the thresholds below and above; beyond the last ones towards 0 and 1. */
function rankIn({ averaging, own }: Distribution): number {
  const thresholds = averaging.keys().toSorted((a, b) => a - b);
  const share = (at: number): number => {
    const threshold = thresholds[at];
    const estimate = threshold === undefined ? 0 : (averaging.estimate(threshold) ?? 0);
    return Math.min(1, Math.max(0, estimate));
  };
  const above = thresholds.findIndex((threshold) => threshold >= own);
  const last = thresholds.length - 1;
  const belowOne = 1 - Number.EPSILON;
  if (above < 0) return Math.min(belowOne, (share(last) + 1) / 2);
  if (thresholds[above] === own) return Math.min(belowOne, share(above));
  if (above === 0) return share(0) / 2;
  const low = thresholds[above - 1] ?? own;
  const high = thresholds[above] ?? own;
  const between = (own - low) / (high - low);
  return Math.min(belowOne, share(above - 1) + (share(above) - share(above - 1)) * between);
}
