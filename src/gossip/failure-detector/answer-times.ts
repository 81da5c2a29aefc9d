import type { PeerId } from '../../objects/ids.ts';

interface Times {
  readonly meanMs: number;
  readonly deviationMs: number;
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
  #all: Times | undefined;
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
    const times = blend(this.#times.get(from), sampleMs);
    this.#all = blend(this.#all, sampleMs);
    this.#times.delete(from);
    this.#times.set(from, times);
    if (this.#times.size <= peersMax) return;
    const [oldest] = this.#times.keys();
    if (oldest !== undefined) this.#times.delete(oldest);
  }

  /** An answer of this peer may reasonably take so long; 0 while nothing is known. */
  patienceMs(peer: PeerId): number {
    return patienceOf(this.#times.get(peer));
  }

  /** The same of whoever is asked: how slow the cloud is, or we are. */
  get usualPatienceMs(): number {
    return patienceOf(this.#all);
  }
}

function patienceOf(times: Times | undefined): number {
  return times === undefined ? 0 : times.meanMs + 4 * times.deviationMs;
}

function blend(known: Times | undefined, sampleMs: number): Times {
  if (known === undefined) return { meanMs: sampleMs, deviationMs: sampleMs / 2 };
  const { meanMs, deviationMs } = known;
  return {
    meanMs: meanMs + (sampleMs - meanMs) / 8,
    deviationMs: deviationMs + (Math.abs(sampleMs - meanMs) - deviationMs) / 4,
  };
}
