import { multiaddr } from '@multiformats/multiaddr';
import type { Connection, Libp2p } from '@libp2p/interface';
import type { PeerId } from '../objects/ids.ts';

/**
 * linked: there is a link now, by this dial or meanwhile. refused: nothing listens there. silent: no answer in time.
 * rejected: something answered that is not the peer, or the peer does not want us. unknown: no address.
 */
export type DialOutcome = 'linked' | 'refused' | 'silent' | 'rejected' | 'unknown';

export interface DiallerComponents {
  readonly libp2p: Libp2p;
  /** Says hello on a new connection; whether a link came of it. */
  greet(connection: Connection, signal: AbortSignal): Promise<boolean>;
  isLinked(peer: PeerId): boolean;
}

export interface DialRequest {
  readonly addresses: readonly string[];
  /** Tried alone and first; refused there is refused altogether, even while other addresses stay silent. */
  readonly primary?: string | undefined;
  readonly timeoutMs: number;
}

/** Dials peers, one dial a peer at a time, and says how it went. */
export class Dialler {
  readonly #components: DiallerComponents;
  readonly #running = new Map<PeerId, Promise<DialOutcome>>();
  readonly #abort = new AbortController();

  constructor(components: DiallerComponents) {
    this.#components = components;
  }

  get running(): number {
    return this.#running.size;
  }

  isDialling(peer: PeerId): boolean {
    return this.#running.has(peer);
  }

  /** Joins a dial of the same peer that runs already. Never rejects. */
  async dial(peer: PeerId, request: DialRequest): Promise<DialOutcome> {
    if (this.#components.isLinked(peer)) return 'linked';
    let running = this.#running.get(peer);
    if (running === undefined) {
      running = this.#dial(peer, request).finally(() => this.#running.delete(peer));
      this.#running.set(peer, running);
    }
    return running;
  }

  stop(): void {
    this.#abort.abort();
  }

  async #dial(peer: PeerId, request: DialRequest): Promise<DialOutcome> {
    const { addresses, primary, timeoutMs } = request;
    const rest = addresses.filter((address) => address !== primary);
    const timeout = AbortSignal.timeout(Math.ceil(timeoutMs));
    const signal = AbortSignal.any([timeout, this.#abort.signal]);
    if (primary !== undefined) {
      const outcome = await this.#try(peer, [primary], signal);
      if (outcome === 'linked' || outcome === 'refused' || rest.length === 0) return outcome;
    }
    return rest.length === 0 ? 'unknown' : this.#try(peer, rest, signal);
  }

  async #try(
    peer: PeerId,
    addresses: readonly string[],
    signal: AbortSignal,
  ): Promise<DialOutcome> {
    try {
      signal.throwIfAborted();
      const connection = await this.#components.libp2p.dial(
        addresses.map((address) => multiaddr(`${address}/p2p/${peer}`)),
        // An open connection may be one that dies just now; ours is the only dial of this peer.
        { signal, force: true },
      );
      // They dialled us meanwhile: theirs will do, and this one is not known to them as a link yet.
      if (this.#components.isLinked(peer)) {
        connection.abort(new Error('linked meanwhile'));
        return 'linked';
      }
      if (await this.#components.greet(connection, signal)) return 'linked';
      return signal.aborted ? 'silent' : 'rejected';
    } catch (error) {
      if (this.#components.isLinked(peer)) return 'linked';
      return signal.aborted ? 'silent' : outcomeOf(error);
    }
  }
}

const silentCodes: readonly string[] = [
  'ETIMEDOUT',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'EHOSTDOWN',
  'ENETDOWN',
  'EAI_AGAIN',
  'ENOTFOUND',
];

/** libp2p throws the one error of a dial to one address, and an AggregateError of all for several. */
function outcomeOf(error: unknown): DialOutcome {
  const errors: readonly unknown[] = error instanceof AggregateError ? error.errors : [error];
  const kinds = errors.map((one): DialOutcome => {
    const { code, name, message = '' } = one as { code?: string; name?: string; message?: string };
    if (code === 'ECONNREFUSED') return 'refused';
    // A time-out during the Noise handshake arrives as EncryptionFailedError, with only its message left.
    if (name === 'TimeoutError' || name === 'AbortError' || /\baborted\b/.test(message)) {
      return 'silent';
    }
    return code !== undefined && silentCodes.includes(code) ? 'silent' : 'rejected';
  });
  if (kinds.every((kind) => kind === 'refused')) return 'refused';
  return kinds.includes('rejected') ? 'rejected' : 'silent';
}
