import type { AllocatorConfig } from './config.ts';
import type { PeerId, Uid } from '../../objects/ids.ts';
import type { Random } from '../../lib/random.ts';
import type { Turn } from './turn.ts';
import { drawSome } from '../../lib/draw.ts';

/**
 * Whom to read the claims of a slice from: rivals, who know best what they claim, and neighbours, who may have heard
 * of a rival that one does not know. Nobody only when nobody else lives.
 */
export function whomToAsk(
  turn: Turn,
  slice: Uid,
  config: AllocatorConfig,
  random: Random,
): { readonly rivals: readonly PeerId[]; readonly neighbours: readonly PeerId[] } {
  const { membership, me, neighbours: linked } = turn.world;
  const others = new Set<PeerId>();
  for (const { peer, state } of membership.all()) {
    if (peer !== me.id && (state === 'alive' || state === 'suspect')) others.add(peer);
  }
  const claimants = turn.claims(slice).live.map(({ peerId }) => peerId);
  const rivals = drawSome(
    claimants.filter((peer) => others.has(peer)),
    config.readRivals,
    random,
  );
  const near = linked.filter((peer) => others.has(peer) && !rivals.includes(peer));
  const neighbours = drawSome(near, config.readNeighbours, random);
  if (rivals.length + neighbours.length > 0) return { rivals, neighbours };
  return { rivals, neighbours: drawSome([...others], config.readNeighbours, random) };
}
