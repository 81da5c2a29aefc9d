import { drawSome } from '../lib/draw.ts';
import { ageMax } from './descriptor.ts';
import type { Descriptor } from './descriptor.ts';
import type { PeerId } from '../objects/ids.ts';
import type { Random } from '../lib/random.ts';

/** How `select` shrinks a view: to `size`, dropping the `healing` oldest, then the `swapping` ones just sent. */
export interface Selection {
  readonly size: number;
  readonly healing: number;
  readonly swapping: number;
}

/** A partial view: at most one descriptor a peer, the youngest one seen. Its order is the order of arrival. */
export class View {
  readonly #descriptors = new Map<PeerId, Descriptor>();

  get size(): number {
    return this.#descriptors.size;
  }

  peers(): PeerId[] {
    return [...this.#descriptors.keys()];
  }

  descriptors(): Descriptor[] {
    return [...this.#descriptors.values()];
  }

  has(peer: PeerId): boolean {
    return this.#descriptors.has(peer);
  }

  get(peer: PeerId): Descriptor | undefined {
    return this.#descriptors.get(peer);
  }

  /** Keeps the younger of two descriptors of one peer; of two equally old ones the one that has addresses. */
  add(descriptor: Descriptor): void {
    const known = this.#descriptors.get(descriptor.peer);
    if (known === undefined || descriptor.age < known.age) {
      const addresses = descriptor.addresses.length > 0 ? descriptor.addresses : known?.addresses;
      this.#descriptors.set(descriptor.peer, { ...descriptor, addresses: addresses ?? [] });
    }
  }

  remove(peer: PeerId): boolean {
    return this.#descriptors.delete(peer);
  }

  /** One cycle passes. */
  growOlder(): void {
    for (const [peer, descriptor] of this.#descriptors) {
      this.#descriptors.set(peer, { ...descriptor, age: Math.min(ageMax, descriptor.age + 1) });
    }
  }

  /** The `count` oldest, oldest first; ties by order of arrival. */
  oldest(count: number): Descriptor[] {
    if (count <= 0) return [];
    return this.descriptors()
      .toSorted((a, b) => b.age - a.age)
      .slice(0, count);
  }

  /** At most `count` random descriptors, the `healing` oldest of the view last. */
  sample(count: number, healing: number, random: Random): Descriptor[] {
    const old = this.oldest(Math.min(healing, this.size));
    const young = this.descriptors().filter((descriptor) => !old.includes(descriptor));
    const drawn = drawSome(young, count, random);
    return [...drawn, ...old.slice(0, count - drawn.length)];
  }

  /** TOCS 25(3) 2007, `select`: the received are appended already; `sent` are the peers just given away. */
  select(selection: Selection, sent: readonly PeerId[], random: Random): void {
    const excess = (): number => this.size - selection.size;
    for (const { peer } of this.oldest(Math.min(selection.healing, excess()))) this.remove(peer);
    let swaps = Math.min(selection.swapping, excess());
    for (const peer of sent) {
      if (swaps <= 0) break;
      if (this.remove(peer)) swaps--;
    }
    for (const peer of drawSome(this.peers(), excess(), random)) this.remove(peer);
  }
}
