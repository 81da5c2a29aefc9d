import type { AllocatorConfig } from './config.ts';
import type { ClaimSpec } from '../../objects/kinds/claim.ts';
import type { PeerId, Uid } from '../../objects/ids.ts';
import type { World } from './world.ts';
import { ClaimBook } from './claim-book.ts';
import { KeptPlaces } from './kept-places.ts';
import { Turn } from './turn.ts';

/**
 * Makes a turn of a world: the claims sorted out, the places that are kept. What it remembers between worlds is since
 * when a peer is a stranger (its claim came before the failure detector's news of it) and which places were given up.
 */
export class Lookout {
  readonly #config: AllocatorConfig;
  readonly #kept: KeptPlaces;
  readonly #strangersSinceMs = new Map<PeerId, number>();

  constructor(config: AllocatorConfig) {
    this.#config = config;
    this.#kept = new KeptPlaces(config);
  }

  look(world: World): Turn {
    const { nowMs, membership, me } = world;
    let wakeAtMs = Infinity;
    const strangers = new Set<PeerId>();
    const book = new ClaimBook(world.claims, membership, {
      rules: this.#config.rules,
      ownBoot: me.boot,
      isGone: (slice) => world.isGone(slice),
      welcome: (peer) => {
        strangers.add(peer);
        const sinceMs = this.#strangersSinceMs.get(peer) ?? nowMs;
        this.#strangersSinceMs.set(peer, sinceMs);
        const untilMs = sinceMs + this.#config.strangerMs;
        if (untilMs > nowMs) wakeAtMs = Math.min(wakeAtMs, untilMs);
        return untilMs > nowMs;
      },
    });
    for (const peer of this.#strangersSinceMs.keys()) {
      if (!strangers.has(peer)) this.#strangersSinceMs.delete(peer);
    }

    const kept = new Map<Uid, ClaimSpec[]>();
    const keys = new Set<string>();
    for (const slice of world.slices) {
      for (const claim of book.of(slice.uid).newest.values()) {
        if (claim.state !== 'Held' || claim.peerId === me.id || book.isLive(claim)) continue;
        keys.add(`${slice.uid}/${claim.peerId}`);
        const view = membership.get(claim.peerId);
        const untilMs = this.#kept.keptUntilMs(claim, view, slice.spec, nowMs);
        if (untilMs <= nowMs || book.claimOf(claim.peerId) !== undefined) continue;
        wakeAtMs = Math.min(wakeAtMs, untilMs);
        kept.set(slice.uid, [...(kept.get(slice.uid) ?? []), claim]);
      }
    }
    this.#kept.retain(keys);

    const turn = new Turn(world, book, kept);
    if (wakeAtMs < Infinity) turn.wakeAt(wakeAtMs);
    return turn;
  }
}
