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
import type { NetworkLimits } from './network-options.ts';

/** Answer bytes that wait for a slow reader before the sender is held back. */
const unreadBytesMax = 1024 * 1024;

export interface RelayClientComponents {
  readonly limits: NetworkLimits;
  /** A connection whose hello passed; rejects with RelayError. */
  connect(peer: PeerId, signal: AbortSignal): Promise<Connection>;
}

/** Asks other peers: one stream a call, since a call may be large, long or cancelled. */
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
    options: { readonly timeoutMs: number; readonly signal?: AbortSignal },
  ): Promise<Uint8Array> {
    const timeout = AbortSignal.timeout(options.timeoutMs);
    const signal =
      options.signal === undefined ? timeout : AbortSignal.any([timeout, options.signal]);
    let size = 0;
    const chunks: Uint8Array[] = [];
    try {
      for await (const chunk of this.#call(to, method, body, signal)) {
        size += chunk.length;
        if (size > this.#components.limits.relayChunkBytesMax) throw tooLarge(method, to);
        chunks.push(chunk);
      }
    } catch (error) {
      if (!signal.aborted) throw error;
    }
    if (options.signal?.aborted === true) {
      throw new RelayError('failed', `${method} on peer ${to} was cancelled by the caller`);
    }
    if (timeout.aborted) {
      throw new RelayError(
        'timeout',
        `${method} on peer ${to} had no answer within ${options.timeoutMs} ms`,
      );
    }
    const [only] = chunks;
    return chunks.length === 1 && only !== undefined ? only : Buffer.concat(chunks);
  }

  /** Ends quietly when `signal` aborts; throws RelayError when the other side refuses, fails or is lost. */
  async *stream(
    to: PeerId,
    method: string,
    body: Uint8Array,
    signal: AbortSignal,
  ): AsyncGenerator<Uint8Array> {
    try {
      yield* this.#call(to, method, body, signal);
    } catch (error) {
      if (!signal.aborted) throw error;
    }
  }

  async *#call(
    to: PeerId,
    method: string,
    body: Uint8Array,
    signal: AbortSignal,
  ): AsyncGenerator<Uint8Array> {
    const { limits } = this.#components;
    if (body.length > limits.relayBodyBytesMax) {
      throw new RelayError(
        'failed',
        `the body of ${method} has ${body.length} bytes; at most ${limits.relayBodyBytesMax} are relayed`,
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
    try {
      const connection = await this.#components.connect(to, signal);
      const stream = await open(connection, to, method, signal);
      yield* new RelayCall(stream, to, method, limits).run(body, signal);
    } finally {
      const left = (this.#running.get(to) ?? 1) - 1;
      if (left > 0) this.#running.set(to, left);
      else this.#running.delete(to);
    }
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

  async *run(body: Uint8Array, signal: AbortSignal): AsyncGenerator<Uint8Array> {
    const cancel = (): void => {
      this.#finish(new RelayError('failed', `${this.#method} on peer ${this.#to} was cancelled`));
    };
    signal.addEventListener('abort', cancel);
    try {
      if (signal.aborted) cancel();
      else this.#stream.write(encodeRequest(this.#method, body));
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
