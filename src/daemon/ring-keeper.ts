import type { GossipStack } from '../gossip/stack.ts';
import type { PeerId, Uid } from '../objects/ids.ts';
import type { ClaimStatus } from '../objects/kinds/claim.ts';

/** A claim's status is written at most so often. */
const writeEveryMs = 1_000;
const lookEveryMs = 100;

interface Components {
  readonly stack: GossipStack;
  readonly nameOf: (peer: PeerId) => string;
  /** Writes what changed into this peer's own claim of the slice. */
  readonly onView: (slice: Uid, status: ClaimStatus) => void;
}

interface Watched {
  shown: string;
  status: ClaimStatus | undefined;
  writtenMs: number;
}

/** Follows this peer's neighbours in each slice's ring and has them written into its claims when they change. */
export class RingKeeper {
  readonly #components: Components;
  readonly #slices = new Map<Uid, Watched>();
  #timer: NodeJS.Timeout | undefined;

  constructor(components: Components) {
    this.#components = components;
  }

  enter(slice: Uid): void {
    if (this.#slices.has(slice)) return;
    this.#slices.set(slice, { shown: '', status: undefined, writtenMs: -Infinity });
    this.#timer ??= setInterval(() => this.look(), lookEveryMs);
  }

  leave(slice: Uid): void {
    this.#slices.delete(slice);
    if (this.#slices.size > 0) return;
    clearInterval(this.#timer);
    this.#timer = undefined;
  }

  stop(): void {
    clearInterval(this.#timer);
    this.#slices.clear();
  }

  /** This peer's neighbours now; undefined when it is not in that ring. */
  neighbours(slice: string): ClaimStatus | undefined {
    const ring = this.#components.stack.ring(slice as Uid);
    if (ring === undefined) return undefined;
    return {
      predecessor: this.#components.nameOf(ring.predecessor),
      successor: this.#components.nameOf(ring.successor),
      viewedAt: new Date().toISOString(),
    };
  }

  /** What was last written into the claim of this slice. */
  written(slice: Uid): ClaimStatus | undefined {
    return this.#slices.get(slice)?.status;
  }

  look(): void {
    const nowMs = performance.now();
    for (const [slice, watched] of this.#slices) {
      const status = this.neighbours(slice);
      if (status === undefined) continue;
      const shown = `${status.predecessor} ${status.successor}`;
      if (shown === watched.shown || nowMs - watched.writtenMs < writeEveryMs) continue;
      watched.shown = shown;
      watched.status = status;
      watched.writtenMs = nowMs;
      this.#components.onView(slice, status);
    }
  }
}
