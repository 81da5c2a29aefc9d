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

interface Entry {
  readonly peer: PeerId;
  readonly addresses: readonly string[];
  /** The view's cycle in which its owner made it: nothing need be touched for all to grow older. */
  readonly bornAtCycle: number;
}

/** A partial view: at most one descriptor a peer, the youngest one seen. Its order is the order of arrival. */
export class View {
  readonly #entries = new Map<PeerId, Entry>();
  #cycle = 0;

  get size(): number {
    return this.#entries.size;
  }

  peers(): PeerId[] {
    return [...this.#entries.keys()];
  }

  descriptors(): Descriptor[] {
    return [...this.#entries.values()].map((entry) => this.#describe(entry));
  }

  has(peer: PeerId): boolean {
    return this.#entries.has(peer);
  }

  get(peer: PeerId): Descriptor | undefined {
    const entry = this.#entries.get(peer);
    return entry && this.#describe(entry);
  }

  /** Keeps the younger of two descriptors of one peer; a younger one without addresses keeps those known. */
  add({ peer, age, addresses }: Descriptor): void {
    const known = this.#entries.get(peer);
    const bornAtCycle = this.#cycle - age;
    if (known !== undefined && bornAtCycle <= known.bornAtCycle) return;
    const kept = addresses.length > 0 ? addresses : (known?.addresses ?? addresses);
    this.#entries.set(peer, { peer, bornAtCycle, addresses: kept });
  }

  remove(peer: PeerId): boolean {
    return this.#entries.delete(peer);
  }

  /** One cycle passes. */
  growOlder(): void {
    this.#cycle++;
  }

  /** Of equally old ones the first to arrive. */
  oldest(): PeerId | undefined {
    let oldest: Entry | undefined;
    for (const entry of this.#entries.values()) {
      if (oldest === undefined || entry.bornAtCycle < oldest.bornAtCycle) oldest = entry;
    }
    return oldest?.peer;
  }

  /** At most `count` random descriptors, the `healing` oldest of the view last. */
  sample(count: number, healing: number, random: Random): Descriptor[] {
    const byAge = this.#oldestFirst();
    const old = byAge.slice(0, healing);
    const drawn = drawSome(byAge.slice(healing), count, random);
    return [...drawn, ...old.slice(0, count - drawn.length)].map((entry) => this.#describe(entry));
  }

  /** TOCS 25(3) 2007, `select`: the received are appended already; `sent` are the peers just given away. */
  select(selection: Selection, sent: readonly PeerId[], random: Random): void {
    const excess = (): number => this.size - selection.size;
    if (excess() <= 0) return;
    const healing = Math.min(selection.healing, excess());
    for (const { peer } of this.#oldestFirst().slice(0, healing)) this.remove(peer);
    let swaps = Math.min(selection.swapping, excess());
    for (const peer of sent) {
      if (swaps <= 0) break;
      if (this.remove(peer)) swaps--;
    }
    for (const peer of drawSome(this.peers(), excess(), random)) this.remove(peer);
  }

  #oldestFirst(): Entry[] {
    return [...this.#entries.values()].toSorted((a, b) => a.bornAtCycle - b.bornAtCycle);
  }

  #describe({ peer, addresses, bornAtCycle }: Entry): Descriptor {
    return { peer, addresses, age: Math.min(ageMax, this.#cycle - bornAtCycle) };
  }
}
