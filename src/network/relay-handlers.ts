import { RelayError } from './relay-error.ts';
import type { PeerId } from '../objects/ids.ts';
import type { Link, RelayHandler } from './network.ts';
import type { NetworkLog } from './network-options.ts';

/** What peers may ask of us, and how much at once, whichever way a call comes. */
export class RelayHandlers {
  readonly #log: NetworkLog;
  readonly #perPeerMax: number;
  readonly #handlers = new Map<string, RelayHandler>();
  readonly #running = new Map<PeerId, number>();

  constructor(log: NetworkLog, perPeerMax: number) {
    this.#log = log;
    this.#perPeerMax = perPeerMax;
  }

  handle(method: string, handler: RelayHandler): void {
    if (this.#handlers.has(method)) throw new Error(`relay method ${method} has a handler already`);
    this.#handlers.set(method, handler);
  }

  /** Takes one of a peer's places; returns how to give it back. Throws RelayError when there is none. */
  enter(peer: PeerId, method: string): () => void {
    const running = this.#running.get(peer) ?? 0;
    if (running >= this.#perPeerMax) {
      throw new RelayError(
        'refused',
        `${method} was refused: ${running} calls of this peer are under way here; end some, or try again`,
      );
    }
    this.#running.set(peer, running + 1);
    let inside = true;
    return () => {
      if (!inside) return;
      inside = false;
      const left = (this.#running.get(peer) ?? 1) - 1;
      if (left > 0) this.#running.set(peer, left);
      else this.#running.delete(peer);
    };
  }

  /** Begins a call; throws RelayError when nobody handles it, and what the handler throws before any promise. */
  start(
    method: string,
    from: Link,
    body: Uint8Array,
    signal: AbortSignal,
  ): ReturnType<RelayHandler> {
    const handler = this.#handlers.get(method);
    if (handler === undefined) {
      throw new RelayError(
        'notFound',
        `this peer knows no method ${method}; its version may be older`,
      );
    }
    return handler(from, body, signal);
  }

  /** What the asker hears of an error. */
  relayed(error: unknown, method: string, from: Link): RelayError {
    if (error instanceof RelayError) return error;
    this.#log.error('a relay handler failed', { method, from: from.peer, error });
    return new RelayError('failed', error instanceof Error ? error.message : String(error));
  }
}
