import type { AllocatorConfig } from './config.ts';
import type { ClaimSpec } from '../../objects/kinds/claim.ts';
import type { SliceView } from './world.ts';
import type { Turn } from './turn.ts';
import { publishedTarget, wantsNewTarget } from './desired.ts';

/**
 * Percent slices follow one published population, so that all peers want the same number of members: the first member
 * in claim order publishes it, in its own claim, once it has differed for `populationHoldMs`.
 */
export class TargetPublisher {
  readonly #config: AllocatorConfig;
  /** Since when the population differs from the published one. */
  #sinceMs: number | undefined;

  constructor(config: AllocatorConfig) {
    this.#config = config;
  }

  /** This peer is a member no more. */
  reset(): void {
    this.#sinceMs = undefined;
  }

  /** The population to publish, if this is the first member of a percent slice and it has moved for long enough. */
  next(turn: Turn, claim: ClaimSpec, slice: SliceView): ClaimSpec['target'] {
    const { percent } = slice.spec;
    const { newest, live } = turn.claims(slice.uid);
    if (percent === undefined || live[0] !== claim) return undefined;
    const target = publishedTarget(newest.values());
    if (target === undefined) return { epoch: 1, population: turn.living };
    if (!wantsNewTarget(percent, target, turn.living)) {
      this.#sinceMs = undefined;
      // Records of the dead are dropped in time; the first member keeps the target that they carried.
      return claim.target?.epoch === target.epoch ? undefined : target;
    }
    this.#sinceMs ??= turn.nowMs;
    const dueMs = this.#sinceMs + this.#config.populationHoldMs;
    if (turn.nowMs < dueMs) {
      turn.wakeAt(dueMs);
      return undefined;
    }
    this.#sinceMs = undefined;
    return { epoch: target.epoch + 1, population: turn.living };
  }
}
