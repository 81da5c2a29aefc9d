import type { PeerCredential } from '../trust/certificates.ts';
import type { PeerId } from '../objects/ids.ts';

/** A neighbour whose certificate passed. One link a peer, whoever dialled. */
export interface Link {
  readonly peer: PeerId;
  readonly credential: PeerCredential;
  readonly boot: number;
  readonly addresses: readonly string[];
  /** Smoothed round trip, ms; undefined until measured. */
  readonly rttMs?: number;
  readonly sinceMs: number;
}

/**
 * refused: the connection broke and a redial was refused, the process is gone. reset: it broke and redialling is
 * under way or failed otherwise. closed: by our own choice or theirs, politely. silent: redials time out.
 */
export type LinkLoss = 'refused' | 'reset' | 'closed' | 'silent';

export interface NetworkEvents {
  linkUp(link: Link): void;
  linkLost(peer: PeerId, how: LinkLoss): void;
  /** One frame of one protocol family; the bytes are the receiver's to keep. */
  frame(from: PeerId, family: number, payload: Uint8Array): void;
  /** A queued message could not be delivered (no address, refused, timed out, queue full). */
  unreachable(peer: PeerId, reason: LinkLoss | 'overflow' | 'unknown'): void;
}

/** A request from a certified peer. Throw a `RelayError` to refuse with a message. */
export type RelayHandler = (
  from: Link,
  body: Uint8Array,
  signal: AbortSignal,
) => AsyncIterable<Uint8Array> | Promise<Uint8Array>;

/** The machine's only way to other machines; nothing else in the house knows libp2p. */
export interface Network {
  readonly self: PeerId;
  start(): Promise<void>;
  stop(): Promise<void>;
  /** Multiaddresses at which others reach us, without the peer id. */
  addresses(): readonly string[];
  links(): readonly Link[];
  /** Adds to the address book (bounded); used when we must dial. */
  learn(peer: PeerId, addresses: readonly string[]): void;
  /** Who we want links to, most wanted first; the network dials, redials with backoff and prunes idle surplus. */
  want(peers: readonly PeerId[]): void;
  /** Best effort and bounded: dials when there is no link and an address is known. */
  send(to: PeerId, family: number, payload: Uint8Array): void;
  /** One answer. Rejects with RelayError (the other side's word), or on timeout or loss. */
  request(
    to: PeerId,
    method: string,
    body: Uint8Array,
    options: { readonly timeoutMs: number; readonly signal?: AbortSignal },
  ): Promise<Uint8Array>;
  /** A stream of chunks; ends when the other side ends or `signal` aborts. */
  stream(
    to: PeerId,
    method: string,
    body: Uint8Array,
    options: { readonly signal: AbortSignal },
  ): AsyncIterable<Uint8Array>;
  /** Registers before `start`. */
  handle(method: string, handler: RelayHandler): void;
  /** Bytes and frames since start, per direction. */
  counters(): {
    readonly bytesIn: number;
    readonly bytesOut: number;
    readonly framesIn: number;
    readonly framesOut: number;
  };
}
