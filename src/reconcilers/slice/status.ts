import type { Condition } from '../../objects/condition.ts';
import type { Instance } from '../../objects/kinds/instance.ts';
import type { PlacementWorld, SliceView } from './world.ts';
import type { SliceStatus } from '../../objects/kinds/slice.ts';
import { desiredMembers, population } from './desired.ts';
import { explainPlacement } from './explain.ts';
import { shortageMessage } from './shortage.ts';
import { sliceStatus } from '../../objects/kinds/slice-status.ts';

/** The status of a slice as this peer sees it; the same on every peer that knows the same. */
export function deriveSliceStatus(
  slice: SliceView,
  world: PlacementWorld,
  more: {
    readonly instances: readonly Instance[];
    readonly previous: readonly Condition[];
    /** RFC 3339, whole seconds. */
    readonly now: string;
    readonly templateHash?: string;
    readonly observedGeneration?: number;
  },
): SliceStatus {
  const claims = world.claims
    .map(({ spec }) => spec)
    .filter((claim) => claim.slice.uid === slice.uid);
  const living = population(world.membership, world.sizeEstimate);
  const desired = desiredMembers(slice.spec, claims, living);
  return sliceStatus(slice, {
    ...more,
    desired,
    claims,
    livenessOf: (peer) => world.membership.get(peer),
    candidates: () => {
      const placements = explainPlacement(slice, world);
      const coming = placements.filter(({ cause }) => ['offering', 'free', 'away'].includes(cause));
      const held = placements.filter(({ cause }) => cause === 'member' || cause === 'leaving');
      return {
        count: coming.length,
        shortage: shortageMessage(desired, held.length, placements),
      };
    },
  });
}
