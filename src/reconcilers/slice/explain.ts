import type { ClaimSpec } from '../../objects/kinds/claim.ts';
import type { KnownPeer, PlacementWorld, SliceView } from './world.ts';
import type { MemberView } from '../../gossip/membership.ts';
import type { PeerName } from '../../objects/ids.ts';
import type { Ranking } from './score.ts';
import { ClaimBook } from './claim-book.ts';
import { desiredMembers, population } from './desired.ts';
import { lanAllocator } from './config.ts';
import { mayNotJoin } from './eligibility.ts';
import type { Unfit } from './eligibility.ts';
import { rankPeers } from './score.ts';

/**
 * member: holds a place; offering: about to; away: its daemon said that it stops, and the place is kept; free: fits
 * and has no place because none is open, or has not volunteered yet; the others say what keeps it out.
 */
export type PlacementCause =
  | 'member'
  | 'leaving'
  | 'offering'
  | 'away'
  | 'free'
  | 'busy'
  | 'rank'
  | 'dead'
  | 'unknown'
  | Unfit['type'];

/** Why one peer is in a slice, or is not. */
export interface Placement {
  readonly peer: PeerName;
  readonly in: boolean;
  readonly cause: PlacementCause;
  /** For a column: `Held`, `Offered`, `Away`, `Leaving`, `Free`, `Busy`, `Unfit`, `Refused`, `Dead`, `Unknown`. */
  readonly state: string;
  /** Sentences for a user, the decisive one first. */
  readonly reasons: readonly string[];
  /** The first reason in words that do not name the peer, where those differ. */
  readonly summary?: string;
}

const unfitStates: Readonly<Record<Unfit['type'], string>> = {
  unsupported: 'Unfit',
  excluded: 'Excluded',
  constraint: 'Unfit',
  driver: 'Unfit',
  policy: 'Refused',
};

/** For each known peer whether it is in the slice and why, by name; computed from what this peer knows. */
export function explainPlacement(slice: SliceView, world: PlacementWorld): readonly Placement[] {
  const book = new ClaimBook(world.claims, world.membership, { rules: lanAllocator.rules });
  const ranking = rankPeers(slice, world.peers, world.membership);
  const { newest, live } = book.of(slice.uid);
  const living = population(world.membership, world.sizeEstimate);
  const scene: Scene = {
    slice,
    world,
    book,
    ranking,
    short: desiredMembers(slice.spec, newest.values(), living) - live.length,
  };
  return world.peers
    .toSorted((a, b) => a.name.localeCompare(b.name, 'en', { numeric: true }))
    .map((peer) => ({ peer: peer.name, ...explainPeer(scene, peer) }));
}

interface Scene {
  readonly slice: SliceView;
  readonly world: PlacementWorld;
  readonly book: ClaimBook;
  readonly ranking: Ranking;
  readonly short: number;
}

type Explained = Omit<Placement, 'peer'>;

const out = (cause: PlacementCause, state: string, ...reasons: string[]): Explained => ({
  in: false,
  cause,
  state,
  reasons,
});

function explainPeer(scene: Scene, peer: KnownPeer): Explained {
  const { slice, world, book } = scene;
  const view = world.membership.get(peer.id);
  const claim = book.of(slice.uid).newest.get(peer.id);
  if (claim !== undefined && book.isLive(claim)) return explainClaim(scene, peer, claim);
  if (view?.state === 'away' && claim?.state === 'Held' && claim.boot === view.boot) {
    const place = `place ${claim.index ?? '?'} is kept`;
    return { in: true, cause: 'away', state: 'Away', reasons: [`its daemon stopped; ${place}`] };
  }
  if (view === undefined || view.state === 'dead' || view.state === 'away') return absent(view);
  const unfit = mayNotJoin(slice, peer, world.policy);
  if (unfit !== undefined) {
    const explained = out(unfit.type, unfitStates[unfit.type], unfit.message);
    return unfit.type === 'policy' ? { ...explained, summary: unfit.summary } : explained;
  }
  return explainFree(scene, peer);
}

function absent(view: MemberView | undefined): Explained {
  if (view === undefined) return out('unknown', 'Unknown', 'nothing was heard of it yet');
  if (view.state === 'away') return out('dead', 'Away', 'its daemon stopped');
  return out('dead', 'Dead', view.reset ? 'its daemon is gone' : 'it does not answer');
}

function explainClaim(scene: Scene, peer: KnownPeer, claim: ClaimSpec): Explained {
  const rank = rankOf(scene, peer);
  if (claim.state === 'Offered') {
    const reasons = ['offers itself and settles', ...rank];
    return { in: false, cause: 'offering', state: 'Offered', reasons };
  }
  const leaving = claim.leaving === true;
  const holds = `holds place ${claim.index ?? '?'} since turn ${claim.seniority}`;
  return {
    in: true,
    cause: leaving ? 'leaving' : 'member',
    state: leaving ? 'Leaving' : 'Held',
    reasons: [leaving ? `leaves: ${claim.reason ?? 'not wanted any more'}` : holds, ...rank],
  };
}

function explainFree(scene: Scene, peer: KnownPeer): Explained {
  const { slice, world, book, ranking, short } = scene;
  const position = ranking.positionOf(peer.id);
  const rank = rankOf(scene, peer);
  if (position === undefined || position >= ranking.within) {
    const top = `below the best ${slice.spec.rank?.topPercent ?? 100} % of those that fit`;
    return out('rank', 'Unfit', `${top} (${ranking.within} of ${ranking.ranked.length})`, ...rank);
  }
  const other = book.claimOf(peer.id);
  if (other !== undefined) {
    const { name, uid } = other.slice;
    const namespace = world.slices.find((known) => known.uid === uid)?.namespace;
    const label = namespace === undefined ? name : `${namespace}/${name}`;
    return out('busy', 'Busy', `busy in slice ${label}`, ...rank);
  }
  const why = short > 0 ? 'free, and has not volunteered yet' : 'free, and the slice is full';
  return out('free', 'Free', why, ...rank);
}

function rankOf({ ranking, slice }: Scene, peer: KnownPeer): string[] {
  const position = ranking.positionOf(peer.id);
  if (position === undefined) return [];
  const score = slice.spec.rank?.by === undefined ? '' : `, score ${ranking.scoreOf(peer.id)}`;
  return [`rank ${position + 1} of ${ranking.ranked.length}${score}`];
}
