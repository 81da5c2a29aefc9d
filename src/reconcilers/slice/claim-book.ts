import type { AllocatorRules } from './config.ts';
import type { ClaimSpec } from '../../objects/kinds/claim.ts';
import type { KnownClaim } from './world.ts';
import type { Membership } from '../../gossip/membership.ts';
import type { PeerId, Uid } from '../../objects/ids.ts';
import { compareClaims, isLive, isNewer } from './order.ts';

/** The claims of one slice. */
export interface SliceClaims {
  /** The newest claim of each peer, in whatever state. */
  readonly newest: ReadonlyMap<PeerId, ClaimSpec>;
  /** Those that count, first in order first. */
  readonly live: readonly ClaimSpec[];
}

const none: SliceClaims = { newest: new Map(), live: [] };

/**
 * All known claims, sorted out: which is the newest of each peer and slice, which of them count, in which order. The
 * same records in any order, any number of times, give the same book.
 */
export class ClaimBook {
  readonly #slices: ReadonlyMap<Uid, SliceClaims>;
  readonly #busy: ReadonlyMap<PeerId, ClaimSpec>;
  readonly #namespaces = new Map<Uid, string>();

  /**
   * `bootOf(peer)`, where it answers, is the boot that counts whatever membership says (of oneself); `isStranger`
   * says whether a claim of a peer without a view counts for now.
   */
  constructor(
    claims: readonly KnownClaim[],
    membership: Membership,
    options: {
      readonly rules: AllocatorRules;
      readonly ownBoot?: number;
      readonly welcome?: (peer: PeerId) => boolean;
      readonly isGone?: (slice: Uid) => boolean;
    },
  ) {
    const { rules } = options;
    const counts = (claim: ClaimSpec): boolean => {
      if (claim.peerId === membership.self && options.ownBoot !== undefined) {
        return claim.state !== 'Released' && (claim.boot === options.ownBoot || !rules.bootBound);
      }
      const view = membership.get(claim.peerId);
      if (view === undefined) {
        return claim.state !== 'Released' && (options.welcome?.(claim.peerId) ?? false);
      }
      return isLive(claim, view, rules);
    };

    const newest = new Map<Uid, Map<PeerId, ClaimSpec>>();
    for (const { namespace, spec } of claims) {
      this.#namespaces.set(spec.slice.uid, namespace);
      let ofSlice = newest.get(spec.slice.uid);
      if (ofSlice === undefined) newest.set(spec.slice.uid, (ofSlice = new Map()));
      const known = ofSlice.get(spec.peerId);
      if (known === undefined || isNewer(spec, known)) ofSlice.set(spec.peerId, spec);
    }
    const slices = new Map<Uid, SliceClaims>();
    const busy = new Map<PeerId, ClaimSpec>();
    for (const [uid, ofSlice] of newest) {
      const live = [...ofSlice.values()].filter(counts);
      live.sort((a, b) => compareClaims(a, b, rules));
      slices.set(uid, { newest: ofSlice, live });
      if (options.isGone?.(uid)) continue;
      for (const claim of live) busy.set(claim.peerId, claim);
    }
    this.#slices = slices;
    this.#busy = busy;
  }

  of(slice: Uid): SliceClaims {
    return this.#slices.get(slice) ?? none;
  }

  /** The namespace of a slice that somebody claimed; its own record may be gone. */
  namespaceOf(slice: Uid): string | undefined {
    return this.#namespaces.get(slice);
  }

  isLive(claim: ClaimSpec): boolean {
    return this.of(claim.slice.uid).live.includes(claim);
  }

  /** The slices that somebody claimed. */
  slices(): Iterable<[Uid, SliceClaims]> {
    return this.#slices.entries();
  }

  /** The live claim of a peer, if it has one anywhere. */
  claimOf(peer: PeerId): ClaimSpec | undefined {
    return this.#busy.get(peer);
  }

  /** The newest claims of one peer, one a slice. */
  *byPeer(peer: PeerId): Iterable<ClaimSpec> {
    for (const { newest } of this.#slices.values()) {
      const claim = newest.get(peer);
      if (claim !== undefined) yield claim;
    }
  }
}
