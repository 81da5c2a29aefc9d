/** Every frame on every stream: its length as big-endian uint32, then that many bytes. */
export const frameHeaderBytes = 4;

/** Why a stream of bytes is no stream of frames. */
export type FrameFault = 'empty frame' | 'oversize frame';

/**
 * Cuts a byte stream into frames. A frame's memory is taken at once when its length is known, so a sender of single
 * bytes costs no more than `maxBytes`; each frame is the receiver's to keep.
 */
export class FrameDecoder {
  #maxBytes: number;
  readonly #header: Uint8Array = new Uint8Array(frameHeaderBytes);
  #headerFill = 0;
  #frame: Uint8Array | undefined;
  #frameFill = 0;

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  /** Holds from the next header on. */
  allow(maxBytes: number): void {
    this.#maxBytes = maxBytes;
  }

  /** Feeds bytes; `onFrame` returns false to stop, and what follows is thrown away. */
  push(bytes: Uint8Array, onFrame: (frame: Uint8Array) => boolean): FrameFault | undefined {
    let at = 0;
    while (at < bytes.length) {
      if (this.#frame === undefined) {
        const taken = Math.min(frameHeaderBytes - this.#headerFill, bytes.length - at);
        this.#header.set(bytes.subarray(at, at + taken), this.#headerFill);
        this.#headerFill += taken;
        at += taken;
        if (this.#headerFill < frameHeaderBytes) return undefined;
        const length = readUint32(this.#header, 0);
        if (length === 0) return 'empty frame';
        if (length > this.#maxBytes) return 'oversize frame';
        this.#frame = new Uint8Array(length);
        this.#frameFill = 0;
        this.#headerFill = 0;
      }
      const taken = Math.min(this.#frame.length - this.#frameFill, bytes.length - at);
      this.#frame.set(bytes.subarray(at, at + taken), this.#frameFill);
      this.#frameFill += taken;
      at += taken;
      if (this.#frameFill < this.#frame.length) return undefined;
      const frame = this.#frame;
      this.#frame = undefined;
      if (!onFrame(frame)) return undefined;
    }
    return undefined;
  }
}

/** One frame of one leading byte (a family, a kind) and the rest, header included. */
export function encodeFrame(first: number, ...rest: readonly Uint8Array[]): Uint8Array {
  const length = rest.reduce((sum, part) => sum + part.length, 1);
  const frame = new Uint8Array(frameHeaderBytes + length);
  new DataView(frame.buffer).setUint32(0, length);
  frame[frameHeaderBytes] = first;
  let at = frameHeaderBytes + 1;
  for (const part of rest) {
    frame.set(part, at);
    at += part.length;
  }
  return frame;
}

/** Big-endian, as in a frame's header. */
export function readUint32(bytes: Uint8Array, offset: number): number {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength).getUint32(offset);
}
