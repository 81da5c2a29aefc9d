import type { PeerId } from '../../objects/ids.ts';

/** A ping of ours that waits for its ack. */
export interface Probe {
  readonly target: PeerId;
  readonly number: number;
  /** When others are asked to ping too. */
  indirectAtMs: number;
  /** When it has failed. */
  failAtMs: number;
  /** How many were asked, and whether one of them said anything at all. */
  helpers: number;
  helperSpoke: boolean;
}

/** A ping that we do for `asker`. */
interface Relay {
  readonly asker: PeerId;
  readonly askerNumber: number;
  readonly target: PeerId;
  nackAtMs: number;
}

const relaysMax = 64;
const numberMax = 0xffff_ffff;

/** Outstanding probes, one a target, and those done for others. */
export class Probes {
  readonly #probes = new Map<PeerId, Probe>();
  readonly #relays = new Map<number, Relay>();
  #number = 0;

  /** A number that tells which ping an ack is for. */
  nextNumber(): number {
    this.#number = (this.#number % numberMax) + 1;
    return this.#number;
  }

  has(target: PeerId): boolean {
    return this.#probes.has(target);
  }

  get(target: PeerId): Probe | undefined {
    return this.#probes.get(target);
  }

  all(): Probe[] {
    return [...this.#probes.values()];
  }

  start(target: PeerId, indirectAtMs: number, failAtMs: number): Probe {
    const number = this.nextNumber();
    const probe = { target, number, indirectAtMs, failAtMs, helpers: 0, helperSpoke: false };
    this.#probes.set(target, probe);
    return probe;
  }

  /** The outstanding probe that an ack or nack of this number belongs to. */
  byNumber(number: number): Probe | undefined {
    for (const probe of this.#probes.values()) if (probe.number === number) return probe;
    return undefined;
  }

  end(target: PeerId): boolean {
    return this.#probes.delete(target);
  }

  /** The number to ping `target` with; undefined when too many wait. */
  relay(asker: PeerId, askerNumber: number, target: PeerId, nackAtMs: number): number | undefined {
    if (this.#relays.size >= relaysMax) return undefined;
    const number = this.nextNumber();
    this.#relays.set(number, { asker, askerNumber, target, nackAtMs });
    return number;
  }

  /** Takes the relay that an ack from `target` with this number ends. */
  takeRelay(target: PeerId, number: number): Relay | undefined {
    const relay = this.#relays.get(number);
    if (relay?.target !== target) return undefined;
    this.#relays.delete(number);
    return relay;
  }

  takeLateRelays(nowMs: number): Relay[] {
    const late: Relay[] = [];
    for (const [number, relay] of this.#relays) {
      if (relay.nackAtMs > nowMs) continue;
      this.#relays.delete(number);
      late.push(relay);
    }
    return late;
  }

  nextDeadlineMs(): number {
    let next = Infinity;
    for (const { indirectAtMs, failAtMs } of this.#probes.values()) {
      next = Math.min(next, indirectAtMs, failAtMs);
    }
    for (const { nackAtMs } of this.#relays.values()) next = Math.min(next, nackAtMs);
    return next;
  }

  postpone(byMs: number): void {
    for (const probe of this.#probes.values()) {
      probe.indirectAtMs += byMs;
      probe.failAtMs += byMs;
    }
    for (const relay of this.#relays.values()) relay.nackAtMs += byMs;
  }
}
