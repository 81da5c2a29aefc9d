import type { PeerId } from '../../objects/ids.ts';
import type { RingEntry } from './message.ts';

/** Positions are numbers in [0, 2^53). */
export const circumference: number = 2 ** 53;

interface Placed {
  readonly entry: RingEntry;
  readonly position: number;
  /** Clockwise from oneself. */
  readonly distance: number;
}

/** How far it is from `from` clockwise to `to`. */
function clockwise(from: number, to: number): number {
  return to >= from ? to - from : to - from + circumference;
}

/**
 * The ranking that makes T-Man's topology a ring: the `sideSize` nearest successors and as many predecessors of one
 * position. One list in clockwise order from oneself; the successors are its head, the predecessors its tail, and
 * what is too much goes from its middle. Equal positions are told apart by peer id.
 */
export class RingView {
  readonly #position: number;
  readonly #sideSize: number;
  readonly #places: Placed[] = [];
  readonly #known = new Map<PeerId, Placed>();

  constructor(position: number, sideSize: number) {
    this.#position = position;
    this.#sideSize = sideSize;
  }

  get size(): number {
    return this.#places.length;
  }

  get(peer: PeerId): RingEntry | undefined {
    return this.#known.get(peer)?.entry;
  }

  /** Clockwise, the nearest successor first. */
  entries(): RingEntry[] {
    return this.#places.map(({ entry }) => entry);
  }

  peers(): PeerId[] {
    return this.#places.map(({ entry }) => entry.peer);
  }

  successor(): PeerId | undefined {
    return this.#places[0]?.entry.peer;
  }

  predecessor(): PeerId | undefined {
    return this.#places.at(-1)?.entry.peer;
  }

  /** Replaces an entry of the same peer. */
  put(entry: RingEntry, position: number): void {
    const known = this.#known.get(entry.peer);
    const placed = { entry, position, distance: clockwise(this.#position, position) };
    this.#known.set(entry.peer, placed);
    if (known !== undefined) {
      this.#places[this.#places.indexOf(known)] = placed;
      return;
    }
    this.#places.splice(this.#indexFor(placed), 0, placed);
    if (this.#places.length <= 2 * this.#sideSize) return;
    const [middle] = this.#places.splice(this.#sideSize, 1);
    if (middle !== undefined) this.#known.delete(middle.entry.peer);
  }

  remove(peer: PeerId): boolean {
    const known = this.#known.get(peer);
    if (known === undefined) return false;
    this.#known.delete(peer);
    this.#places.splice(this.#places.indexOf(known), 1);
    return true;
  }

  /** The `count` nearest to oneself, half of them on each side. */
  nearest(count: number): PeerId[] {
    return ends(this.#places, count).map(({ entry }) => entry.peer);
  }

  /** The `count` entries that are most useful at `position`: half its nearest successors, half its predecessors. */
  bestFor(position: number, count: number): RingEntry[] {
    const start = this.#indexFor({
      position,
      distance: clockwise(this.#position, position),
    });
    const rotated = [...this.#places.slice(start), ...this.#places.slice(0, start)];
    return ends(rotated, count).map(({ entry }) => entry);
  }

  #indexFor(wanted: { distance: number; position: number; entry?: RingEntry }): number {
    let low = 0;
    let high = this.#places.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      const place = this.#places[middle] as Placed;
      const isBefore =
        place.distance === wanted.distance
          ? wanted.entry !== undefined && place.entry.peer < wanted.entry.peer
          : place.distance < wanted.distance;
      if (isBefore) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}

/** `count` items: the first half from the head, the rest from the tail. */
function ends<T>(items: readonly T[], count: number): readonly T[] {
  if (items.length <= count) return items;
  const head = Math.ceil(count / 2);
  return [...items.slice(0, head), ...items.slice(items.length - (count - head))];
}
