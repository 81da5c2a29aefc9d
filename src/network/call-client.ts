import { callBodyBytesMax, callIdOf, encodeCall, encodeWord } from './call-frames.ts';
import { Control } from './link-channel.ts';
import { RelayError } from './relay-error.ts';
import { decodeError } from './relay-frames.ts';
import type { PeerId } from '../objects/ids.ts';
import type { Links } from './links.ts';
import type { PeerLink } from './peer-link.ts';

/** The answer, or the number under which it waits to be fetched, being too large for the link. */
export type CallAnswer = Uint8Array | { readonly waitsAs: number };

interface Pending {
  readonly method: string;
  answer(answer: CallAnswer): void;
  fail(error: RelayError): void;
}

/**
 * Small calls as frames of the link's own stream: a stream a call costs both sides ten times as much as the call.
 * Who asks bounds how many are under way.
 */
export class CallClient {
  readonly #links: Links;
  readonly #pending = new Map<PeerLink, Map<number, Pending>>();
  #lastId = 0;

  constructor(links: Links) {
    this.#links = links;
  }

  /** Undefined when the link cannot take it now: none is up, its queue is full, or the body is too large. */
  ask(
    to: PeerId,
    method: string,
    body: Uint8Array,
    options: { readonly timeoutMs: number; readonly signal?: AbortSignal },
  ): Promise<CallAnswer> | undefined {
    const link = this.#links.get(to);
    const { timeoutMs, signal } = options;
    if (link?.channel === undefined || body.length > callBodyBytesMax) return undefined;
    if (signal?.aborted === true) return undefined;
    const id = (this.#lastId = (this.#lastId + 1) >>> 0);
    if (!this.#links.sendCall(link, encodeCall(id, method, body), 'body')) return undefined;
    return new Promise((resolve, reject) => {
      const leave = (): void => {
        clearTimeout(timer);
        signal?.removeEventListener('abort', cancel);
        this.#leave(link, id);
      };
      const giveUp = (error: RelayError): void => {
        leave();
        this.#links.sendCall(link, encodeWord('cancel', id), 'word');
        reject(error);
      };
      const cancel = (): void => giveUp(cancelled(method, to));
      const timer = setTimeout(() => giveUp(late(method, to, timeoutMs)), timeoutMs);
      signal?.addEventListener('abort', cancel);
      this.#enter(link, id, {
        method,
        answer: (answer) => {
          leave();
          resolve(answer);
        },
        fail: (error) => {
          leave();
          reject(error);
        },
      });
    });
  }

  /** An answer in one of its forms; what nobody waits for, or not any more, is dropped. */
  heard(link: PeerLink, kind: number, body: Uint8Array): void {
    const id = callIdOf(body);
    const pending = id === undefined ? undefined : this.#pending.get(link)?.get(id);
    if (id === undefined || pending === undefined) return;
    if (kind === Control.answer) pending.answer(body.subarray(4));
    else if (kind === Control.failure) pending.fail(decodeError(body.subarray(4)));
    else pending.answer({ waitsAs: id });
  }

  /** What was sent over the link may be lost: no call is known to have an answer on its way. */
  broken(link: PeerLink): void {
    for (const [id, pending] of this.#pending.get(link) ?? []) {
      this.#links.sendCall(link, encodeWord('cancel', id), 'word');
      pending.fail(
        new RelayError(
          'unreachable',
          `the link broke during ${pending.method} on peer ${link.peer}`,
        ),
      );
    }
  }

  #enter(link: PeerLink, id: number, pending: Pending): void {
    const calls = this.#pending.get(link);
    if (calls === undefined) this.#pending.set(link, new Map([[id, pending]]));
    else calls.set(id, pending);
    link.openCalls++;
  }

  #leave(link: PeerLink, id: number): void {
    const calls = this.#pending.get(link);
    if (calls?.delete(id) !== true) return;
    link.openCalls--;
    if (calls.size === 0) this.#pending.delete(link);
  }
}

export function cancelled(method: string, to: PeerId): RelayError {
  return new RelayError('failed', `${method} on peer ${to} was cancelled by the caller`);
}

export function late(method: string, to: PeerId, timeoutMs: number): RelayError {
  return new RelayError('timeout', `${method} on peer ${to} had no answer within ${timeoutMs} ms`);
}
