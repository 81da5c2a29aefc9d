import type { PeerId } from '../objects/ids.ts';
import type { Random } from '../lib/random.ts';

/** What a protocol may do: read a monotonic clock, draw, queue messages. It never waits and never throws at peers' bytes. */
export interface GossipContext {
  /** Monotonic milliseconds; only differences mean something. */
  readonly nowMs: number;
  readonly random: Random;
  /** Queues a message; it may be lost, doubled, late or out of order. */
  send(to: PeerId, message: Uint8Array): void;
}

/**
 * A gossip protocol is a machine you feed. The host calls `cycle` about once a period, `receive` for every message
 * of this protocol, `unreachable` when a message could not be handed over. Messages that do not decode, exceed a
 * bound or make no sense are dropped and counted, never thrown.
 */
export interface Protocol {
  cycle(context: GossipContext): void;
  receive(from: PeerId, message: Uint8Array, context: GossipContext): void;
  unreachable(peer: PeerId, context: GossipContext): void;
}
