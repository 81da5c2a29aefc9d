import type { PeerId } from '../objects/ids.ts';
import type { LinkLoss } from './network.ts';

/** Records kept; the oldest go first. */
const peersMax = 1024;

interface Failure {
  readonly failures: number;
  readonly reason: LinkLoss | 'unknown';
  readonly atMs: number;
  readonly notBeforeMs: number;
}

/** How long to leave each peer alone after dials that failed: doubling with jitter, so that a crowd spreads. */
export class Backoff {
  readonly #failures = new Map<PeerId, Failure>();
  readonly #firstMs: number;
  readonly #maxMs: number;

  constructor(config: { readonly backoffFirstMs: number; readonly backoffMaxMs: number }) {
    this.#firstMs = config.backoffFirstMs;
    this.#maxMs = config.backoffMaxMs;
  }

  failed(peer: PeerId, reason: LinkLoss | 'unknown', nowMs: number): void {
    const failures = (this.#failures.get(peer)?.failures ?? 0) + 1;
    const fullMs = Math.min(this.#maxMs, this.#firstMs * 2 ** Math.min(failures - 1, 20));
    const pauseMs = fullMs * (0.5 + Math.random() / 2);
    this.#failures.delete(peer);
    this.#failures.set(peer, { failures, reason, atMs: nowMs, notBeforeMs: nowMs + pauseMs });
    const [oldest] = this.#failures.keys();
    if (this.#failures.size > peersMax && oldest !== undefined) this.#failures.delete(oldest);
  }

  forget(peer: PeerId): void {
    this.#failures.delete(peer);
  }

  /** When the peer may be dialled next; 0 when at once. */
  notBeforeMs(peer: PeerId): number {
    return this.#failures.get(peer)?.notBeforeMs ?? 0;
  }

  /** Why the last dial failed, if that was less than `withinMs` ago. */
  failedWithin(peer: PeerId, withinMs: number, nowMs: number): LinkLoss | 'unknown' | undefined {
    const failure = this.#failures.get(peer);
    return failure !== undefined && nowMs - failure.atMs < withinMs ? failure.reason : undefined;
  }
}
