import type { ClaimSpec } from '../../objects/kinds/claim.ts';
import type { Membership } from '../../gossip/membership.ts';
import type { SliceSpec } from '../../objects/kinds/slice.ts';
import { desiredByPercent } from '../../lib/percent.ts';

export type PopulationTarget = NonNullable<ClaimSpec['target']>;

/** Up to here every peer counts the living by name; above, the aggregated estimate is used. */
const countedPeersMax = 1000;
/** An estimate moves a target only by more than this share, or percent slices would follow its noise. */
const estimateDeadband = 0.1;

/** How many peers live, as this peer sees it: suspects still do, those that announced their stop do not. */
export function population(membership: Membership, sizeEstimate?: number): number {
  let living = 0;
  for (const { state } of membership.all())
    if (state === 'alive' || state === 'suspect') living += 1;
  return living >= countedPeersMax && sizeEstimate !== undefined
    ? Math.round(sizeEstimate)
    : living;
}

/**
 * The population that a percent slice is sized by, as published in its claims: the highest epoch, dead and released
 * claims included, so that it depends on nothing but the records; a tie goes to the larger population.
 */
export function publishedTarget(claims: Iterable<ClaimSpec>): PopulationTarget | undefined {
  let best: PopulationTarget | undefined;
  for (const { target } of claims) {
    if (target === undefined) continue;
    if (!Number.isSafeInteger(target.epoch) || !Number.isSafeInteger(target.population)) continue;
    const difference = best && (target.epoch - best.epoch || target.population - best.population);
    if (difference === undefined || difference > 0) best = target;
  }
  return best;
}

/**
 * How many members the slice wants. With `percent` every peer uses the published population; only while no claim
 * carries one (nobody has held a place yet) each takes its own count.
 */
export function desiredMembers(
  spec: SliceSpec,
  claims: Iterable<ClaimSpec>,
  living: number,
): number {
  if (spec.percent === undefined) return spec.size ?? 0;
  return desiredByPercent(spec.percent, publishedTarget(claims)?.population ?? living);
}

/** Whether the population has moved so far from the published one that the slice should follow it. */
export function wantsNewTarget(percent: number, target: PopulationTarget, living: number): boolean {
  if (desiredByPercent(percent, target.population) === desiredByPercent(percent, living))
    return false;
  const difference = Math.abs(living - target.population);
  return living < countedPeersMax || difference > estimateDeadband * target.population;
}
