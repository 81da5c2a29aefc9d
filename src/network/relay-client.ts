import { cancelled, late } from './call-client.ts';
import { encodeCallId, fetchMethod } from './call-frames.ts';
import { FramedStream } from './framed-stream.ts';
import { RelayError } from './relay-error.ts';
import {
  answerFrameBytesMax,
  decodeError,
  encodeRequest,
  Relay,
  relayProtocol,
} from './relay-frames.ts';
import type { Connection, Stream } from '@libp2p/interface';
import type { PeerId } from '../objects/ids.ts';
import type { CallClient } from './call-client.ts';
import type { NetworkLimits } from './network-options.ts';

/** Answer bytes that wait for a slow reader before the sender is held back. */
const unreadBytesMax = 1024 * 1024;

export interface RelayClientComponents {
  readonly limits: NetworkLimits;
  readonly calls: CallClient;
  /** A connection whose hello passed; rejects with RelayError. */
  connect(peer: PeerId, signal: AbortSignal): Promise<Connection>;
}

interface RequestOptions {
  readonly timeoutMs: number;
  readonly signal?: AbortSignal;
}

/**
 * Asks other peers. A small request goes over the link itself when there is one; what is large, is a stream, or meets
 * no link gets a stream of its own.
 */
export class RelayClient {
  readonly #components: RelayClientComponents;
  readonly #running = new Map<PeerId, number>();

  constructor(components: RelayClientComponents) {
    this.#components = components;
  }

  async request(
    to: PeerId,
    method: string,
    body: Uint8Array,
    options: RequestOptions,
  ): Promise<Uint8Array> {
    const untilMs = performance.now() + options.timeoutMs;
    const leave = this.#enter(to, method, body.length);
    try {
      const answer = await this.#components.calls.ask(to, method, body, options);
      if (answer instanceof Uint8Array) return answer;
      const request =
        answer === undefined
          ? encodeRequest(method, body)
          : encodeRequest(fetchMethod, encodeCallId(answer.waitsAs));
      return await this.#collect(to, method, request, options, untilMs);
    } finally {
      leave();
    }
  }

  /** Ends quietly when `signal` aborts; throws RelayError when the other side refuses, fails or is lost. */
  async *stream(
    to: PeerId,
    method: string,
    body: Uint8Array,
    signal: AbortSignal,
  ): AsyncGenerator<Uint8Array> {
    const leave = this.#enter(to, method, body.length);
    try {
      yield* this.#call(to, method, encodeRequest(method, body), signal);
    } catch (error) {
      if (!signal.aborted) throw error;
    } finally {
      leave();
    }
  }

  async #collect(
    to: PeerId,
    method: string,
    request: Uint8Array,
    options: RequestOptions,
    untilMs: number,
  ): Promise<Uint8Array> {
    const timeout = AbortSignal.timeout(Math.max(0, Math.ceil(untilMs - performance.now())));
    const signal =
      options.signal === undefined ? timeout : AbortSignal.any([timeout, options.signal]);
    let size = 0;
    const chunks: Uint8Array[] = [];
    try {
      for await (const chunk of this.#call(to, method, request, signal)) {
        size += chunk.length;
        if (size > this.#components.limits.relayChunkBytesMax) throw tooLarge(method, to);
        chunks.push(chunk);
      }
    } catch (error) {
      if (!signal.aborted) throw error;
    }
    if (options.signal?.aborted === true) throw cancelled(method, to);
    if (timeout.aborted) throw late(method, to, options.timeoutMs);
    const [only] = chunks;
    return chunks.length === 1 && only !== undefined ? only : Buffer.concat(chunks);
  }

  async *#call(
    to: PeerId,
    method: string,
    request: Uint8Array,
    signal: AbortSignal,
  ): AsyncGenerator<Uint8Array> {
    const connection = await this.#components.connect(to, signal);
    const stream = await open(connection, to, method, signal);
    yield* new RelayCall(stream, to, method, this.#components.limits).run(request, signal);
  }

  /** Takes one of the places for calls to this peer; returns how to give it back. Throws RelayError. */
  #enter(to: PeerId, method: string, bodyBytes: number): () => void {
    const { limits } = this.#components;
    if (bodyBytes > limits.relayBodyBytesMax) {
      throw new RelayError(
        'failed',
        `the body of ${method} has ${bodyBytes} bytes; at most ${limits.relayBodyBytesMax} are relayed`,
      );
    }
    const running = this.#running.get(to) ?? 0;
    if (running >= limits.relaysPerPeerMax) {
      throw new RelayError(
        'refused',
        `${method} was not sent to peer ${to}: ${running} calls to it are under way; end some, or try again`,
      );
    }
    this.#running.set(to, running + 1);
    return () => {
      const left = (this.#running.get(to) ?? 1) - 1;
      if (left > 0) this.#running.set(to, left);
      else this.#running.delete(to);
    };
  }
}

async function open(
  connection: Connection,
  to: PeerId,
  method: string,
  signal: AbortSignal,
): Promise<Stream> {
  try {
    return await connection.newStream(relayProtocol, { signal });
  } catch (cause) {
    throw new RelayError(
      'unreachable',
      `${method} could not be sent to peer ${to}: the link broke`,
      {
        cause,
      },
    );
  }
}

/** One call on its stream, read at the pace of its reader. */
class RelayCall {
  readonly #stream: FramedStream;
  readonly #to: PeerId;
  readonly #method: string;
  readonly #chunkBytesMax: number;
  readonly #unread: Uint8Array[] = [];
  #unreadBytes = 0;
  #pieces: Uint8Array[] = [];
  #piecesBytes = 0;
  /** How the call ended; undefined while it runs. */
  #outcome: RelayError | 'done' | undefined;
  #wake: () => void = () => {};

  constructor(stream: Stream, to: PeerId, method: string, limits: NetworkLimits) {
    this.#to = to;
    this.#method = method;
    this.#chunkBytesMax = limits.relayChunkBytesMax;
    this.#stream = new FramedStream(
      stream,
      {
        frame: (frame) => this.#receive(frame),
        writable: () => {},
        ended: () => {
          this.#finish(
            new RelayError('unreachable', `the link broke during ${method} on peer ${to}`),
          );
        },
      },
      answerFrameBytesMax,
    );
  }

  async *run(request: Uint8Array, signal: AbortSignal): AsyncGenerator<Uint8Array> {
    const cancel = (): void => {
      this.#finish(new RelayError('failed', `${this.#method} on peer ${this.#to} was cancelled`));
    };
    signal.addEventListener('abort', cancel);
    try {
      if (signal.aborted) cancel();
      else this.#stream.write(request);
      for (;;) {
        if (signal.aborted && this.#outcome instanceof RelayError) throw this.#outcome;
        const chunk = this.#unread.shift();
        if (chunk !== undefined) {
          this.#unreadBytes -= chunk.length;
          if (this.#unreadBytes < unreadBytesMax / 2) this.#stream.release('unread');
          yield chunk;
        } else if (this.#outcome === 'done') {
          return;
        } else if (this.#outcome !== undefined) {
          throw this.#outcome;
        } else {
          await new Promise<void>((resolve) => (this.#wake = resolve));
        }
      }
    } finally {
      signal.removeEventListener('abort', cancel);
      // A reader who leaves early ends the work on the other side too.
      if (this.#outcome === 'done') void this.#stream.close(1000);
      else this.#stream.abort('the call was given up');
    }
  }

  #receive(frame: Uint8Array): boolean {
    const body = frame.subarray(1);
    switch (frame[0]) {
      case Relay.piece:
      case Relay.chunk:
        this.#pieces.push(body);
        this.#piecesBytes += body.length;
        if (this.#piecesBytes > this.#chunkBytesMax) {
          return this.#finish(tooLarge(this.#method, this.#to));
        }
        if (frame[0] === Relay.chunk) this.#deliver();
        return true;
      case Relay.done:
        return this.#finish('done');
      case Relay.error:
        return this.#finish(decodeError(body));
      default:
        return this.#finish(
          new RelayError('failed', `peer ${this.#to} answered ${this.#method} in an unknown form`),
        );
    }
  }

  #deliver(): void {
    const [only] = this.#pieces;
    this.#unread.push(
      this.#pieces.length === 1 && only !== undefined ? only : Buffer.concat(this.#pieces),
    );
    this.#unreadBytes += this.#piecesBytes;
    this.#pieces = [];
    this.#piecesBytes = 0;
    if (this.#unreadBytes > unreadBytesMax) this.#stream.hold('unread');
    this.#wake();
  }

  #finish(outcome: RelayError | 'done'): false {
    this.#outcome ??= outcome;
    this.#wake();
    return false;
  }
}

function tooLarge(method: string, to: PeerId): RelayError {
  return new RelayError('failed', `the answer to ${method} from peer ${to} is too large to relay`);
}
