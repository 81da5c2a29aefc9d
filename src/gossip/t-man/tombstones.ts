import { isLater } from './message.ts';
import type { PeerId } from '../../objects/ids.ts';
import type { RingEntry } from './message.ts';

interface Tombstone {
  readonly entry: RingEntry;
  readonly untilCycle: number;
}

/**
 * Members known to be gone, so that others cannot give them back. Each covers a peer up to one (boot, incarnation); a
 * later one may return. Bounded; the oldest go first.
 */
export class Tombstones {
  readonly #max: number;
  readonly #cycles: number;
  /** In order of burial. */
  readonly #tombstones = new Map<PeerId, Tombstone>();

  constructor(max: number, cycles: number) {
    this.#max = max;
    this.#cycles = cycles;
  }

  get size(): number {
    return this.#tombstones.size;
  }

  get(peer: PeerId): RingEntry | undefined {
    return this.#tombstones.get(peer)?.entry;
  }

  covers(entry: RingEntry): boolean {
    const buried = this.get(entry.peer);
    return buried !== undefined && !isLater(entry, buried);
  }

  /** True when it says more than was known. */
  bury(entry: RingEntry, cycle: number): boolean {
    if (this.covers(entry)) return false;
    this.#tombstones.delete(entry.peer);
    this.#tombstones.set(entry.peer, { entry, untilCycle: cycle + this.#cycles });
    if (this.#tombstones.size > this.#max) {
      const oldest = this.#tombstones.keys().next();
      if (oldest.done !== true) this.#tombstones.delete(oldest.value);
    }
    return true;
  }

  lift(peer: PeerId): void {
    this.#tombstones.delete(peer);
  }

  /** The newest `count`, newest first. */
  newest(count: number): RingEntry[] {
    return [...this.#tombstones.values()]
      .slice(-count)
      .map(({ entry }) => entry)
      .toReversed();
  }

  expire(cycle: number): void {
    for (const [peer, { untilCycle }] of this.#tombstones) {
      if (untilCycle <= cycle) this.#tombstones.delete(peer);
    }
  }
}
