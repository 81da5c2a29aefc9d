import type { ClaimSpec } from '../../objects/kinds/claim.ts';
import type { SliceView } from './world.ts';
import type { Turn } from './turn.ts';
import { mayNotStay } from './eligibility.ts';

/** Whether enough others stand before this member, or one of them has its index. */
export function surplusOf(
  turn: Turn,
  claim: ClaimSpec,
  slice: SliceView,
): 'shrunk' | 'merged' | undefined {
  const { live } = turn.claims(slice.uid);
  const ahead = live.slice(0, live.indexOf(claim)).filter((other) => other.leaving !== true);
  if (ahead.some((other) => other.state === 'Held' && other.index === claim.index)) return 'merged';
  const desired = turn.desired(slice);
  if (ahead.length < desired) return undefined;
  // Those that the spec or their owner sends away hold no place against one that may stay.
  const { peers, policy } = turn.world;
  const staying = ahead.filter((other) => {
    const peer = peers.find(({ id }) => id === other.peerId);
    if (peer === undefined) return slice.spec.exclude?.includes(other.peer) !== true;
    return mayNotStay(slice, peer, policy) === undefined;
  });
  if (staying.length < desired) return undefined;
  return claim.specHash === slice.specHash ? 'merged' : 'shrunk';
}
