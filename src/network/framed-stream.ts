import { FrameDecoder } from './frame-decoder.ts';
import { quietWindow } from './quiet-window.ts';
import type { Stream } from '@libp2p/interface';
import type { FrameFault } from './frame-decoder.ts';

/** A drain of the connection is no drain of this stream's window: above this, wait for `idle`. */
const writeBufferBytes = 256 * 1024;

export interface FramedStreamEvents {
  /** One frame; false stops reading for good. */
  frame(bytes: Uint8Array): boolean;
  /** More may be written. */
  writable(): void;
  /** Once: the other side ended, reset or broke the stream, or sent what is no frame; or this side aborted it. */
  ended(fault: FrameFault | undefined): void;
}

/**
 * Frames over one libp2p stream. It never calls the stream's `onDrain()`: its promise is not armed again after the
 * first use, so that a loop over it starves the process; the `drain` event is sound.
 */
export class FramedStream {
  readonly #stream: Stream;
  readonly #events: FramedStreamEvents;
  readonly #decoder: FrameDecoder;
  /** Reasons to hold back reading; libp2p then stops granting the sender window, so memory stays bounded. */
  readonly #holds = new Set<string>();
  #reading = true;
  #paused = false;
  #ended = false;
  #roomAnnounced = false;
  /** Bytes handed to the stream so far. */
  #written = 0;

  constructor(stream: Stream, events: FramedStreamEvents, frameBytesMax: number) {
    this.#stream = stream;
    this.#events = events;
    this.#decoder = new FrameDecoder(frameBytesMax);
    quietWindow(stream);
    // Both events may come from inside the stream's send loop, where what is sent would lie in its buffer unseen.
    const room = (): void => {
      if (this.#roomAnnounced) return;
      this.#roomAnnounced = true;
      queueMicrotask(() => {
        this.#roomAnnounced = false;
        if (this.isWritable) events.writable();
      });
    };
    stream.addEventListener('drain', room);
    stream.addEventListener('idle', room);
    // `end` comes when nothing more will be delivered; `close` alone may come while bytes still wait to be read.
    stream.addEventListener('end', () => this.#end(undefined));
    stream.addEventListener('close', () => {
      if (stream.readBufferLength === 0) this.#end(undefined);
    });
    stream.addEventListener('message', ({ data }) => this.#read(data));
    if (stream.readableEnded || stream.status !== 'open')
      queueMicrotask(() => this.#end(undefined));
  }

  get hasEnded(): boolean {
    return this.#ended;
  }

  get isWritable(): boolean {
    return (
      !this.#ended &&
      this.#stream.status === 'open' &&
      !this.#stream.writableNeedsDrain &&
      this.#stream.writeBufferLength < writeBufferBytes
    );
  }

  /** Bytes that left for the wire: what was written and does not wait in the stream's own buffer. */
  get progressBytes(): number {
    return this.#written - this.#stream.writeBufferLength;
  }

  /** The largest frame accepted from the next one on. */
  allow(frameBytesMax: number): void {
    this.#decoder.allow(frameBytesMax);
  }

  /** Hands over whole frames, header included; the bytes must not change afterwards. Best when `isWritable`. */
  write(bytes: Uint8Array): void {
    if (this.#ended) return;
    this.#written += bytes.length;
    try {
      this.#stream.send(bytes);
    } catch {
      // The stream closed a moment ago; its events say so.
    }
  }

  /** Stops reading until `release` with the same reason. */
  hold(reason: string): void {
    this.#holds.add(reason);
    this.#settleReading();
  }

  release(reason: string): void {
    if (this.#holds.delete(reason)) this.#settleReading();
  }

  /** Ends the own writing side after what was written has left; never rejects. */
  async close(timeoutMs: number): Promise<void> {
    try {
      await this.#stream.close({ signal: AbortSignal.timeout(timeoutMs) });
    } catch {
      this.abort('closing took too long');
    }
  }

  /** Resets the stream: the other side sees it break. */
  abort(why: string): void {
    this.#reading = false;
    this.#stream.abort(new Error(why));
    this.#end(undefined);
  }

  #read(data: Uint8Array | Iterable<Uint8Array>): void {
    for (const chunk of data instanceof Uint8Array ? [data] : data) {
      if (!this.#reading) return;
      const fault = this.#decoder.push(chunk, (frame) => {
        this.#reading &&= this.#events.frame(frame);
        return this.#reading;
      });
      if (fault !== undefined) {
        this.#reading = false;
        this.#end(fault);
      }
    }
  }

  /**
   * Later, never from inside a read: a stream that is paused while its `resume` still hands out what had gathered
   * grants the sender window all the same, until its buffer bursts.
   */
  #settleReading(): void {
    queueMicrotask(() => {
      const paused = this.#holds.size > 0;
      if (paused === this.#paused || this.#ended) return;
      this.#paused = paused;
      try {
        if (paused) this.#stream.pause();
        else this.#stream.resume();
      } catch {
        // The stream closes: nothing more will be read.
        this.#end(undefined);
      }
    });
  }

  #end(fault: FrameFault | undefined): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#events.ended(fault);
  }
}
