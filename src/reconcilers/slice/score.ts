import type { KnownPeer, SliceView } from './world.ts';
import type { Membership } from '../../gossip/membership.ts';
import type { PeerId } from '../../objects/ids.ts';
import { constraintMiss } from './eligibility.ts';
import { parseQuantity } from '../../lib/quantity.ts';

export interface RankedPeer {
  readonly peer: KnownPeer;
  /** Integer: the sum of weight × quantile, in millionths. */
  readonly score: number;
}

/** The peers that live and meet `where`, best first, and how many of them `topPercent` lets in. */
export interface Ranking {
  readonly ranked: readonly RankedPeer[];
  readonly within: number;
  scoreOf(peer: PeerId): number;
  /** 0 is the best; undefined when the peer is not among them. */
  positionOf(peer: PeerId): number | undefined;
}

const millionths = 1_000_000;

function attribute(peer: KnownPeer, name: string): number | undefined {
  const text = Object.hasOwn(peer.attributes, name) ? peer.attributes[name] : undefined;
  return text === undefined ? undefined : parseQuantity(text);
}

/**
 * The quantile of each value among all: the share that is smaller, equal ones counted half. Units cancel. What is not
 * known is 0, the worst of what more of is better.
 */
function quantiles(values: readonly (number | undefined)[]): readonly number[] {
  const sorted = values.filter((value) => value !== undefined).toSorted((a, b) => a - b);
  const first = new Map<number, number>();
  const count = new Map<number, number>();
  sorted.forEach((value, at) => {
    if (!first.has(value)) first.set(value, at);
    count.set(value, (count.get(value) ?? 0) + 1);
  });
  return values.map((value) => {
    if (value === undefined) return 0;
    const below = (first.get(value) ?? 0) + (count.get(value) ?? 0) / 2;
    return Math.round((below / sorted.length) * millionths);
  });
}

function lives(membership: Membership, peer: PeerId): boolean {
  const state = membership.get(peer)?.state;
  return peer === membership.self || state === 'alive' || state === 'suspect';
}

/**
 * Ranks the living peers that meet `where` by `rank.by`; ties go to the lower peer id. Policy and `exclude` are not
 * looked at: "the best tenth of those that fit" is a statement about machines, the same whoever asks.
 */
export function rankPeers(
  slice: SliceView,
  peers: readonly KnownPeer[],
  membership: Membership,
): Ranking {
  const fitting = peers.filter(
    (peer) => lives(membership, peer.id) && constraintMiss(peer, slice.spec.where) === undefined,
  );
  const scores = fitting.map(() => 0);
  for (const { attribute: name, weight = 1 } of slice.spec.rank?.by ?? []) {
    quantiles(fitting.map((peer) => attribute(peer, name))).forEach((quantile, at) => {
      scores[at] = (scores[at] ?? 0) + weight * quantile;
    });
  }
  const ranked = fitting.map((peer, at): RankedPeer => ({ peer, score: scores[at] ?? 0 }));
  ranked.sort((a, b) => b.score - a.score || (a.peer.id < b.peer.id ? -1 : 1));
  const positions = new Map(ranked.map(({ peer }, at) => [peer.id, at]));
  const top = slice.spec.rank?.topPercent;
  return {
    ranked,
    within: top === undefined ? ranked.length : Math.ceil((top * ranked.length) / 100),
    scoreOf: (peer) => ranked[positions.get(peer) ?? -1]?.score ?? 0,
    positionOf: (peer) => positions.get(peer),
  };
}
