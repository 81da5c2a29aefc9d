import type { PeerId } from '../../objects/ids.ts';

interface Times {
  meanMs: number;
  deviationMs: number;
}

const peersMax = 4096;
const sentMax = 512;

/**
 * How long each peer takes to answer a ping, late answers included (J. Postel's retransmission timer as V. Jacobson
 * made it, RFC 6298). Where machines are overloaded, answers come late and are worth as much: a fixed timeout would
 * accuse everybody, and the accusations would be more work still.
 */
export class AnswerTimes {
  readonly #times = new Map<PeerId, Times>();
  /** Pings by number; kept after they failed, for the answer may still come. */
  readonly #sent = new Map<number, { readonly target: PeerId; readonly atMs: number }>();

  sent(number: number, target: PeerId, nowMs: number): void {
    if (this.#sent.has(number)) return;
    this.#sent.set(number, { target, atMs: nowMs });
    if (this.#sent.size <= sentMax) return;
    const [oldest] = this.#sent.keys();
    if (oldest !== undefined) this.#sent.delete(oldest);
  }

  /** An acknowledgement from the target itself. */
  answered(number: number, from: PeerId, nowMs: number): void {
    const ping = this.#sent.get(number);
    if (ping?.target !== from) return;
    this.#sent.delete(number);
    const sampleMs = nowMs - ping.atMs;
    const known = this.#times.get(from);
    const times: Times =
      known === undefined
        ? { meanMs: sampleMs, deviationMs: sampleMs / 2 }
        : {
            meanMs: known.meanMs + (sampleMs - known.meanMs) / 8,
            deviationMs:
              known.deviationMs + (Math.abs(sampleMs - known.meanMs) - known.deviationMs) / 4,
          };
    this.#times.delete(from);
    this.#times.set(from, times);
    if (this.#times.size <= peersMax) return;
    const [oldest] = this.#times.keys();
    if (oldest !== undefined) this.#times.delete(oldest);
  }

  /** An answer of this peer may reasonably take so long; 0 while nothing is known. */
  patienceMs(peer: PeerId): number {
    const times = this.#times.get(peer);
    return times === undefined ? 0 : times.meanMs + 4 * times.deviationMs;
  }
}
