import { FramedStream } from './framed-stream.ts';
import { decodeRequest, encodeChunk, encodeTrailer, requestOverheadBytes } from './relay-frames.ts';
import type { Stream } from '@libp2p/interface';
import type { Link } from './network.ts';
import type { NetworkLimits } from './network-options.ts';
import type { RelayHandlers } from './relay-handlers.ts';

/** From the stream to the whole request. */
const requestMs = 10_000;

export interface RelayServerComponents {
  readonly limits: NetworkLimits;
  readonly handlers: RelayHandlers;
}

/** Answers calls that come on streams of their own, of peers whose hello has passed. What a handler throws goes to the asker, never further up. */
export class RelayServer {
  readonly #components: RelayServerComponents;
  readonly #calls = new Set<AbortController>();

  constructor(components: RelayServerComponents) {
    this.#components = components;
  }

  /** Takes a stream of `from`. */
  serve(stream: Stream, from: Link): void {
    const call = new AbortController();
    let requested = false;
    let room = (): void => {};
    const framed = new FramedStream(
      stream,
      {
        frame: (frame) => {
          // The first frame is the request; there is no other.
          if (requested) return false;
          requested = true;
          clearTimeout(patience);
          const request = decodeRequest(frame);
          if (request === undefined) {
            framed.abort('no request');
            return false;
          }
          void this.#run(request.method, from, request.body, call, framed, () => {
            const { promise, resolve } = Promise.withResolvers<void>();
            room = resolve;
            return promise;
          });
          return true;
        },
        writable: () => room(),
        ended: (fault) => {
          clearTimeout(patience);
          call.abort();
          room();
          if (fault !== undefined) framed.abort(fault);
          else if (!requested) framed.abort('no request');
        },
      },
      this.#components.limits.relayBodyBytesMax + requestOverheadBytes,
    );
    const patience = setTimeout(() => framed.abort('no request in time'), requestMs);
  }

  stop(): void {
    for (const call of this.#calls) call.abort();
  }

  async #run(
    method: string,
    from: Link,
    body: Uint8Array,
    call: AbortController,
    framed: FramedStream,
    room: () => Promise<void>,
  ): Promise<void> {
    const { signal } = call;
    const { handlers } = this.#components;
    let leave = (): void => {};
    this.#calls.add(call);
    try {
      leave = handlers.enter(from.peer, method);
      for await (const chunk of this.#answer(method, from, body, signal)) {
        for (const frame of encodeChunk(chunk)) {
          while (!framed.isWritable && !framed.hasEnded) await room();
          framed.write(frame);
        }
      }
      framed.write(encodeTrailer());
    } catch (error) {
      if (!signal.aborted) framed.write(encodeTrailer(handlers.relayed(error, method, from)));
    } finally {
      this.#calls.delete(call);
      leave();
      if (signal.aborted) framed.abort('the call ended');
      else await framed.close(requestMs);
    }
  }

  /** The handler's chunks until it ends or the asker leaves. */
  async *#answer(
    method: string,
    from: Link,
    body: Uint8Array,
    signal: AbortSignal,
  ): AsyncGenerator<Uint8Array> {
    const answer = this.#components.handlers.start(method, from, body, signal);
    if (!(Symbol.asyncIterator in answer)) {
      const chunk = await unlessAborted(answer, signal);
      if (chunk !== undefined) yield chunk;
      return;
    }
    const chunks = answer[Symbol.asyncIterator]();
    try {
      for (;;) {
        const next = await unlessAborted(chunks.next(), signal);
        if (next === undefined || next.done === true) return;
        yield next.value;
      }
    } finally {
      // A handler that waits for something need not hear of it before that; nobody waits for it here.
      if (signal.aborted) Promise.resolve(chunks.return?.()).catch(() => {});
    }
  }
}

/** The promise's value, or undefined as soon as the asker is gone. (Promise.race would remember every chunk.) */
async function unlessAborted<T>(promise: Promise<T>, signal: AbortSignal): Promise<T | undefined> {
  return new Promise((resolve, reject) => {
    const leave = (): void => resolve(undefined);
    if (signal.aborted) leave();
    signal.addEventListener('abort', leave);
    promise.then(resolve, reject).finally(() => signal.removeEventListener('abort', leave));
  });
}
