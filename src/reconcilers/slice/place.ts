import type { ClaimSpec } from '../../objects/kinds/claim.ts';

/** One more than any member of the slice ever had, as far as this peer knows; the first gets 1. */
export function nextSeniority(newest: Iterable<ClaimSpec>): number {
  let highest = 0;
  for (const { seniority } of newest) highest = Math.max(highest, seniority);
  return highest + 1;
}

/**
 * The member's number (P2PCS_INDEX): the one it had before a restart if that is free, else the lowest that no member
 * has, leaving one for each Offer ahead, whose owner counts the same way.
 *
 * @param claim one's own Offer
 * @param live the live claims of the slice, in order
 * @param kept Held claims whose places are kept; their work still carries its number
 */
export function freeIndex(
  claim: ClaimSpec,
  live: readonly ClaimSpec[],
  kept: readonly ClaimSpec[],
): number {
  const others = live.filter((other) => other !== claim);
  const used = new Set([...others, ...kept].map(({ index }) => index));
  if (claim.index !== undefined && !used.has(claim.index)) return claim.index;
  const ahead = live.slice(0, Math.max(0, live.indexOf(claim)));
  let skip = ahead.filter(({ state, index }) => state === 'Offered' && index === undefined).length;
  for (let index = 0; ; index += 1) {
    if (used.has(index)) continue;
    if (skip === 0) return index;
    skip -= 1;
  }
}
