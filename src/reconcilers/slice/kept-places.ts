import type { AllocatorConfig } from './config.ts';
import type { ClaimSpec } from '../../objects/kinds/claim.ts';
import type { MemberView } from '../../gossip/membership.ts';
import type { SliceSpec } from '../../objects/kinds/slice.ts';
import { parseDuration } from '../../lib/duration.ts';

interface Kept {
  /** The boot of the claim that this is about. */
  readonly boot: number;
  readonly untilMs: number;
  /** A newer boot of the peer was seen within the time: it is given its time to sync and to say what it has. */
  readonly returned: boolean;
}

/**
 * Places of members that are not there and may come back with their work. A kept place is not a vote: it only keeps
 * others from volunteering.
 *
 * - announced stop: until the announced time, at most `awayLongestMs`
 * - death by a reset: `spec.replaceAfter` long, because the kernel lives and so does the work
 * - silent death: not at all
 * - a newer boot within that time: until it speaks of the place, at most the sync limit and half a second
 */
export class KeptPlaces {
  readonly #config: AllocatorConfig;
  readonly #places = new Map<string, Kept>();

  constructor(config: AllocatorConfig) {
    this.#config = config;
  }

  /** Monotonic ms until which the place of this claim, Held and no longer live, is kept; 0 when it is not. */
  keptUntilMs(
    claim: ClaimSpec,
    view: MemberView | undefined,
    spec: SliceSpec,
    nowMs: number,
  ): number {
    if (claim.state !== 'Held' || claim.leaving === true || view === undefined) return 0;
    const key = `${claim.slice.uid}/${claim.peerId}`;
    const before = this.#places.get(key);
    const known = before?.boot === claim.boot ? before : undefined;
    const kept = this.#judge(claim, view, spec, nowMs, known);
    this.#places.set(key, kept);
    return kept.untilMs > nowMs ? kept.untilMs : 0;
  }

  /** Forgets what no longer can be asked for, so that memory stays bounded by the claims there are. */
  retain(keys: ReadonlySet<string>): void {
    for (const key of this.#places.keys()) if (!keys.has(key)) this.#places.delete(key);
  }

  #judge(
    claim: ClaimSpec,
    view: MemberView,
    spec: SliceSpec,
    nowMs: number,
    known: Kept | undefined,
  ): Kept {
    const { boot } = claim;
    if (view.boot > boot) {
      if (known !== undefined && (known.returned || known.untilMs <= nowMs)) return known;
      const back = view.state === 'alive' || view.state === 'suspect';
      const untilMs = back ? nowMs + this.#config.syncLimitMs + 500 : 0;
      return { boot, untilMs, returned: true };
    }
    if (view.state === 'away') {
      const latestMs = view.sinceMs + this.#config.awayLongestMs;
      return { boot, untilMs: Math.min(view.awayUntilMs ?? latestMs, latestMs), returned: false };
    }
    if (view.state === 'dead' && view.reset) {
      const ownMs = spec.replaceAfter === undefined ? undefined : parseDuration(spec.replaceAfter);
      const untilMs = view.sinceMs + (ownMs ?? this.#config.replaceAfterMs);
      return { boot, untilMs, returned: false };
    }
    return { boot, untilMs: 0, returned: false };
  }
}
