import type { AllocatorRules } from './config.ts';
import type { KnownPeer, SliceView } from './world.ts';
import type { Random } from '../../lib/random.ts';
import type { Ranking } from './score.ts';
import type { Turn } from './turn.ts';
import { compareSlices } from './order.ts';
import { drawOne } from '../../lib/draw.ts';
import { mayNotJoin } from './eligibility.ts';
import { rankPeers } from './score.ts';

export interface Opening {
  readonly slice: SliceView;
  readonly ranking: Ranking;
  readonly short: number;
}

/** Whether the peer may join: constraints, exclusion, policy, driver, and the share of the best. */
export function fits(turn: Turn, slice: SliceView, peer: KnownPeer): Ranking | undefined {
  const { peers, membership, policy } = turn.world;
  if (mayNotJoin(slice, peer, policy) !== undefined) return undefined;
  const ranking = rankPeers(slice, peers, membership);
  const position = ranking.positionOf(peer.id);
  return position !== undefined && position < ranking.within ? ranking : undefined;
}

/** The first slice, oldest first, that wants members and that this peer fits. */
export function firstOpening(
  turn: Turn,
  mine: KnownPeer,
  rules: AllocatorRules,
  random: Random,
): Opening | undefined {
  const openings: Opening[] = [];
  for (const slice of turn.world.slices.toSorted(compareSlices)) {
    if (slice.deleting || turn.world.isGone(slice.uid)) continue;
    const short = turn.short(slice);
    const ranking = short > 0 ? fits(turn, slice, mine) : undefined;
    if (ranking === undefined) continue;
    openings.push({ slice, ranking, short });
    if (rules.sliceOrder) break;
  }
  return drawOne(openings, random);
}

/**
 * How many free peers that fit stand before this one. Position counts among the eligible, or the fitting ones of a
 * large cloud would all wait for peers that never come.
 */
export function positionAmongFree(
  turn: Turn,
  { slice, ranking }: Opening,
  mine: KnownPeer,
): number {
  const end = Math.min(ranking.positionOf(mine.id) ?? ranking.within, ranking.within);
  let position = 0;
  for (const { peer } of ranking.ranked.slice(0, end)) {
    if (turn.book.claimOf(peer.id) !== undefined) continue;
    if (mayNotJoin(slice, peer, turn.world.policy) === undefined) position += 1;
  }
  return position;
}
