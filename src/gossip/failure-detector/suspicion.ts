import type { PeerId } from '../../objects/ids.ts';

export interface SuspicionTimes {
  readonly minMs: number;
  readonly maxMs: number;
  /** Confirmations after which `minMs` holds; 0 where nobody else could confirm. */
  readonly confirmations: number;
}

/**
 * Lifeguard's suspicion (A. Dadgar, J. Phillips, J. Currey, arXiv 1707.00788): a long timeout that independent
 * confirmations shorten logarithmically, so that one slow accuser does not kill and several accusers are quick.
 */
export class Suspicion {
  readonly #times: SuspicionTimes;
  readonly #accusers = new Set<PeerId>();
  #startMs: number;

  constructor(times: SuspicionTimes, startMs: number, accuser: PeerId) {
    this.#times = times;
    this.#startMs = startMs;
    this.#accusers.add(accuser);
  }

  get startMs(): number {
    return this.#startMs;
  }

  accusers(): PeerId[] {
    return [...this.#accusers];
  }

  /** True when this accuser is new and its word still shortens the wait. */
  confirm(accuser: PeerId): boolean {
    if (this.#accusers.has(accuser)) return false;
    if (this.#accusers.size > this.#times.confirmations) return false;
    this.#accusers.add(accuser);
    return true;
  }

  get deadlineMs(): number {
    const { minMs, maxMs, confirmations } = this.#times;
    if (confirmations <= 0) return this.#startMs + minMs;
    const share = Math.log(this.#accusers.size) / Math.log(confirmations + 1);
    return this.#startMs + Math.max(minMs, maxMs - (maxMs - minMs) * share);
  }

  /** This machine slept: the suspect gets the time back. */
  postpone(byMs: number): void {
    this.#startMs += byMs;
  }
}
