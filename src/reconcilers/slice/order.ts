import type { ClaimSpec } from '../../objects/kinds/claim.ts';
import type { MemberView } from '../../gossip/membership.ts';
import type { SliceView } from './world.ts';

const compareText = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

const standing: Readonly<Record<ClaimSpec['state'], number>> = { Held: 0, Offered: 1, Released: 2 };

/** The order in which slices are filled: oldest first. Total: uids differ. */
export function compareSlices(a: SliceView, b: SliceView): number {
  return a.createdOrder - b.createdOrder || compareText(a.uid, b.uid);
}

/**
 * The order of live claims of one slice, the same on every peer: Held before Offered; among Held the senior first,
 * because old work is never stopped in favour of new; then the higher score; then the lower peer id. Total and
 * antisymmetric over claims of different peers.
 */
export function compareClaims(
  a: ClaimSpec,
  b: ClaimSpec,
  rules: { readonly seniority: boolean } = { seniority: true },
): number {
  if (a.state !== b.state) return standing[a.state] - standing[b.state];
  const bySeniority = rules.seniority && a.state === 'Held' ? a.seniority - b.seniority : 0;
  return bySeniority || b.score - a.score || compareText(a.peerId, b.peerId);
}

/** Whether `a` is a newer statement than `b` of the same peer about the same slice. */
export function isNewer(a: ClaimSpec, b: ClaimSpec): boolean {
  return (a.boot - b.boot || a.revision - b.revision) > 0;
}

/**
 * Whether a claim counts: Offered or Held, of the newest boot known of its peer, which is not believed dead at that
 * boot and incarnation. There is no lease; the failure detector is the lease. A stranger (no view) does not count.
 */
export function isLive(
  claim: ClaimSpec,
  view: Pick<MemberView, 'boot' | 'incarnation' | 'state'> | undefined,
  rules: { readonly bootBound: boolean } = { bootBound: true },
): boolean {
  if (claim.state === 'Released' || view === undefined) return false;
  if (claim.boot > view.boot) return true;
  if (claim.boot < view.boot && rules.bootBound) return false;
  if (view.state === 'dead') return claim.incarnation > view.incarnation && claim.boot >= view.boot;
  return view.state !== 'away';
}

/** The first `size` live claims in order: who is, or is about to be, in the slice. */
export function membersInOrder(live: readonly ClaimSpec[], size: number): readonly ClaimSpec[] {
  return live.toSorted((a, b) => compareClaims(a, b)).slice(0, size);
}
