import {
  callAnswerBytesMax,
  callIdOf,
  encodeAnswer,
  encodeFailure,
  encodeWord,
  fetchMethod,
} from './call-frames.ts';
import { Control } from './link-channel.ts';
import { RelayError } from './relay-error.ts';
import { decodeMethod } from './relay-frames.ts';
import type { Links } from './links.ts';
import type { Link, RelayHandler } from './network.ts';
import type { NetworkLimits } from './network-options.ts';
import type { PeerLink } from './peer-link.ts';
import type { RelayHandlers } from './relay-handlers.ts';

/** How long an answer waits to be fetched. */
const fetchMs = 10_000;

type Answer = ReturnType<RelayHandler>;

interface Call {
  readonly abort: AbortController;
  /** What waits to be fetched. */
  waiting: { readonly answer: Answer; readonly timer: NodeJS.Timeout } | undefined;
  /** Gives back its place; harmless when done twice. */
  leave(): void;
}

/**
 * Answers calls that come as frames of the link's own stream. An answer that is a stream, or too large for a frame,
 * or finds no room in the link's queue, waits here until the asker fetches it over a stream of its own, so that
 * a handler runs once and its chunks are made at the pace of their reader.
 */
export class CallServer {
  readonly #links: Links;
  readonly #handlers: RelayHandlers;
  readonly #waitingMax: number;
  readonly #calls = new Map<Link, Map<number, Call>>();

  constructor(links: Links, handlers: RelayHandlers, limits: NetworkLimits) {
    this.#links = links;
    this.#handlers = handlers;
    this.#waitingMax = limits.relaysPerPeerMax;
    handlers.handle(fetchMethod, (from, body, signal) => this.#fetch(from, body, signal));
  }

  heard(link: PeerLink, kind: number, body: Uint8Array): void {
    const id = callIdOf(body);
    if (id === undefined) return;
    const known = this.#calls.get(link)?.get(id);
    if (kind === Control.cancel) {
      if (known !== undefined) this.#end(link, id, known);
      return;
    }
    // The same number twice at once cannot be answered in a way that its asker would understand.
    if (known === undefined) this.#begin(link, id, body.subarray(4));
  }

  /** Answers may be lost with what carried them: ends what runs, and says so in case the asker is still there. */
  broken(link: PeerLink): void {
    const error = new RelayError('unreachable', 'the link broke during the call');
    for (const [id, call] of this.#calls.get(link) ?? []) {
      this.#end(link, id, call);
      this.#links.sendCall(link, encodeFailure(id, error), 'word');
    }
  }

  stop(): void {
    for (const [link, calls] of this.#calls) {
      for (const [id, call] of calls) this.#end(link as PeerLink, id, call);
    }
  }

  #begin(link: PeerLink, id: number, rest: Uint8Array): void {
    const request = decodeMethod(rest);
    if (request === undefined) {
      this.#fail(link, id, new RelayError('failed', 'the call cannot be read'));
      return;
    }
    const { method, body } = request;
    let call: Call | undefined;
    const fail = (error: unknown): void => {
      if (call?.abort.signal.aborted === true) return;
      if (call !== undefined) this.#forget(link, id, call);
      this.#fail(link, id, this.#handlers.relayed(error, method, link));
    };
    try {
      const leave = this.#handlers.enter(link.peer, method);
      const running: Call = { abort: new AbortController(), waiting: undefined, leave };
      call = running;
      this.#remember(link, id, running);
      const answer = this.#handlers.start(method, link, body, running.abort.signal);
      if (Symbol.asyncIterator in answer) {
        this.#wait(link, id, running, answer);
        return;
      }
      answer
        .then((bytes) => {
          if (running.abort.signal.aborted) return;
          const sent =
            bytes.length <= callAnswerBytesMax &&
            this.#links.sendCall(link, encodeAnswer(id, bytes), 'body');
          if (sent) this.#forget(link, id, running);
          else this.#wait(link, id, running, answer);
        })
        .catch(fail);
    } catch (error) {
      fail(error);
    }
  }

  /** Keeps the answer for the asker to fetch; its place is free for the stream that will. */
  #wait(link: PeerLink, id: number, call: Call, answer: Answer): void {
    const calls = this.#calls.get(link);
    const waiting = [...(calls?.values() ?? [])].filter((one) => one.waiting !== undefined);
    if (waiting.length >= this.#waitingMax) {
      this.#end(link, id, call);
      this.#fail(
        link,
        id,
        new RelayError('refused', `${waiting.length} answers wait to be fetched by this peer`),
      );
      return;
    }
    const timer = setTimeout(() => this.#end(link, id, call), fetchMs);
    call.waiting = { answer, timer };
    call.leave();
    if (!this.#links.sendCall(link, encodeWord('elsewhere', id), 'word')) this.#end(link, id, call);
  }

  #fetch(from: Link, body: Uint8Array, signal: AbortSignal): Answer {
    const id = callIdOf(body);
    const call = id === undefined ? undefined : this.#calls.get(from)?.get(id);
    if (id === undefined || call?.waiting === undefined) {
      throw new RelayError('unreachable', 'the answer was fetched too late, or the link broke');
    }
    this.#forget(from as PeerLink, id, call);
    signal.addEventListener('abort', () => call.abort.abort());
    return call.waiting.answer;
  }

  #fail(link: PeerLink, id: number, error: RelayError): void {
    this.#links.sendCall(link, encodeFailure(id, error), 'word');
  }

  #remember(link: PeerLink, id: number, call: Call): void {
    const calls = this.#calls.get(link);
    if (calls === undefined) this.#calls.set(link, new Map([[id, call]]));
    else calls.set(id, call);
    link.openCalls++;
  }

  #forget(link: PeerLink, id: number, call: Call): void {
    call.leave();
    clearTimeout(call.waiting?.timer);
    const calls = this.#calls.get(link);
    if (calls?.delete(id) !== true) return;
    link.openCalls--;
    if (calls.size === 0) this.#calls.delete(link);
  }

  /** A handler that does not heed its signal runs on; nobody waits for it. */
  #end(link: PeerLink, id: number, call: Call): void {
    this.#forget(link, id, call);
    call.abort.abort();
  }
}
