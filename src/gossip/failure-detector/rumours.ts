import type { PeerId } from '../../objects/ids.ts';

/** Something worth telling: the state of `peer`, or one accuser's confirmation of its suspicion. */
export interface Rumour {
  readonly peer: PeerId;
  readonly suspectedBy?: PeerId;
}

interface Told {
  readonly rumour: Rumour;
  left: number;
}

const key = ({ peer, suspectedBy }: Rumour): string => `${peer} ${suspectedBy ?? ''}`;

/**
 * News that rides on probes and acknowledgements, the least told first, each a bounded number of times (SWIM's
 * infection-style dissemination). Only the subject is kept; the words are taken from the table when they are sent.
 */
export class Rumours {
  readonly #max: number;
  readonly #told = new Map<string, Told>();

  constructor(max: number) {
    this.#max = max;
  }

  get size(): number {
    return this.#told.size;
  }

  /** Told `times` more times; what was said of this peer before is out of date. */
  add(rumour: Rumour, times: number): void {
    if (rumour.suspectedBy === undefined) {
      for (const [id, { rumour: old }] of this.#told) {
        if (old.peer === rumour.peer) this.#told.delete(id);
      }
    }
    this.#told.set(key(rumour), { rumour, left: times });
    const oldest = this.#told.keys().next();
    if (this.#told.size > this.#max && oldest.done !== true) this.#told.delete(oldest.value);
  }

  take(count: number): Rumour[] {
    if (this.#told.size === 0) return [];
    const chosen = [...this.#told.values()].toSorted((a, b) => b.left - a.left).slice(0, count);
    for (const told of chosen) {
      if (--told.left <= 0) this.#told.delete(key(told.rumour));
    }
    return chosen.map(({ rumour }) => rumour);
  }
}
