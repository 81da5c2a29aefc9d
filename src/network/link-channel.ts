import { encodeFrame } from './frame-decoder.ts';
import { FramedStream } from './framed-stream.ts';
import { helloBytesMax } from './hello.ts';
import { TokenBucket } from './token-bucket.ts';
import { parseAddress } from './address.ts';
import type { Connection, Stream } from '@libp2p/interface';
import type { PeerId } from '../objects/ids.ts';
import type { Hello } from './hello.ts';
import type { NetworkLimits } from './network-options.ts';

/** The family of the network's own frames; the protocols' begin at 1. */
export const controlFamily = 0;

/** First byte of a control frame's payload. */
export const Control = {
  /** uint32 id; answered by a pong with the same id. */
  ping: 1,
  pong: 2,
  /** The sender closes the link on purpose. */
  bye: 3,
  /** The sender's last frame here: it sends over another connection of the same pair from now on. */
  moved: 4,
  /** One byte, 0 or 1: whether the sender wants this link. */
  wish: 5,
  /** Calls, as `call-frames.ts` says; each begins with the asker's uint32 number of the call. */
  call: 6,
  answer: 7,
  failure: 8,
  elsewhere: 9,
  cancel: 10,
} as const;

export interface LinkChannelEvents {
  hello(channel: LinkChannel, bytes: Uint8Array): void;
  control(channel: LinkChannel, kind: number, body: Uint8Array): void;
  frame(channel: LinkChannel, family: number, payload: Uint8Array): void;
  writable(channel: LinkChannel): void;
  /** Once. `wrong` says what the other side did wrong, if that is why. */
  ended(channel: LinkChannel, wrong: string | undefined): void;
}

/**
 * The link's stream on one connection. A pair of peers that dial each other at once has two for a moment; which of
 * them carries the link is not decided here.
 */
export class LinkChannel {
  readonly connection: Connection;
  /** Whose key Noise saw at work. */
  readonly peer: PeerId;
  readonly dialledByUs: boolean;
  /** Where the connection leads, without the peer id; undefined for what is no plain TCP address. */
  readonly remoteAddress: string | undefined;
  /** Who listens; changes hands once, when the hello has passed. */
  events: LinkChannelEvents;
  /** The dialler's name for this link. */
  id = '';
  hello: Hello | undefined;
  /** A bye was sent or received. */
  saidBye = false;
  movedSent = false;
  movedReceived = false;

  readonly #stream: FramedStream;
  readonly #limits: NetworkLimits;
  readonly #frames: TokenBucket;
  readonly #bytes: TokenBucket;
  #slowDown: NodeJS.Timeout | undefined;
  #progress = { bytes: 0, atMs: 0 };

  constructor(
    stream: Stream,
    connection: Connection,
    events: LinkChannelEvents,
    limits: NetworkLimits,
  ) {
    this.connection = connection;
    this.peer = connection.remotePeer.toString() as PeerId;
    this.dialledByUs = connection.direction === 'outbound';
    this.remoteAddress = parseAddress(connection.remoteAddr.toString())?.text;
    this.events = events;
    this.#limits = limits;
    const nowMs = performance.now();
    const rate = (perSecond: number, burst: number): TokenBucket =>
      new TokenBucket({ perSecond, burst }, nowMs);
    this.#frames = rate(limits.framesPerSecond, limits.framesPerSecond);
    this.#bytes = rate(
      limits.bytesPerSecond,
      Math.max(limits.bytesPerSecond / 4, limits.frameBytesMax),
    );
    this.#stream = new FramedStream(
      stream,
      {
        frame: (bytes) => this.#receive(bytes),
        writable: () => this.events.writable(this),
        ended: (fault) => {
          clearTimeout(this.#slowDown);
          this.events.ended(this, fault === undefined ? undefined : `it sent an ${fault}`);
        },
      },
      helloBytesMax,
    );
  }

  /** The hello has passed: frames may come. */
  open(hello: Hello, events: LinkChannelEvents): void {
    this.hello = hello;
    this.events = events;
    this.#stream.allow(this.#limits.frameBytesMax);
  }

  get hasEnded(): boolean {
    return this.#stream.hasEnded;
  }

  get isWritable(): boolean {
    return this.#stream.isWritable;
  }

  /** Streams on this connection besides the link's own. */
  get otherStreams(): number {
    return this.connection.streams.length - 1;
  }

  /** Whole frames, header included. */
  write(frames: Uint8Array): void {
    this.#stream.write(frames);
  }

  sendHello(bytes: Uint8Array): void {
    this.#stream.write(encodeFrame(controlFamily, bytes));
  }

  sendControl(kind: number, body: Uint8Array = new Uint8Array(0)): void {
    this.#stream.write(encodeFrame(controlFamily, Uint8Array.of(kind), body));
  }

  /** For how long writes have not progressed while some wait, ms. To be asked about once a second. */
  stuckMs(nowMs: number): number {
    const bytes = this.#stream.progressBytes;
    if (this.isWritable || bytes !== this.#progress.bytes) this.#progress = { bytes, atMs: nowMs };
    return nowMs - this.#progress.atMs;
  }

  /** Sends what was written, then closes the connection; never rejects. */
  async close(timeoutMs: number): Promise<void> {
    try {
      await this.connection.close({ signal: AbortSignal.timeout(timeoutMs) });
    } catch {
      this.abort('closing took too long');
    }
  }

  /** Breaks the connection at once. */
  abort(why: string): void {
    const error = new Error(why);
    try {
      this.connection.abort(error);
    } catch {
      // Aborting what is closing already may throw; either way it is gone.
    }
    this.#stream.abort(why);
  }

  #receive(frame: Uint8Array): boolean {
    const family = frame[0] as number;
    if (this.hello === undefined) {
      if (family === controlFamily) this.events.hello(this, frame.subarray(1));
      else this.abort('the first frame on a link must be the hello');
      return !this.hasEnded;
    }
    this.#slowDownAfter(frame.length);
    if (family !== controlFamily) this.events.frame(this, family, frame.subarray(1));
    else if (frame.length > 1) this.events.control(this, frame[1] as number, frame.subarray(2));
    return !this.hasEnded;
  }

  #slowDownAfter(bytes: number): void {
    const nowMs = performance.now();
    const waitMs = Math.max(this.#frames.take(1, nowMs), this.#bytes.take(bytes, nowMs));
    if (waitMs < 1 || this.#slowDown !== undefined) return;
    this.#stream.hold('rate');
    this.#resumeAfter(waitMs);
  }

  /** What was in flight when reading stopped adds to the debt, so it is looked at again before reading goes on. */
  #resumeAfter(waitMs: number): void {
    this.#slowDown = setTimeout(() => {
      const nowMs = performance.now();
      const leftMs = Math.max(this.#frames.take(0, nowMs), this.#bytes.take(0, nowMs));
      this.#slowDown = undefined;
      if (leftMs >= 1) this.#resumeAfter(leftMs);
      else this.#stream.release('rate');
    }, waitMs);
  }
}
