/** Frames that wait for one peer, bounded in bytes, handed out in batches: a write costs more than what it carries. */
export class SendQueue {
  readonly #bytesMax: number;
  #frames: Uint8Array[] = [];
  #next = 0;
  #bytes = 0;

  constructor(bytesMax: number) {
    this.#bytesMax = bytesMax;
  }

  get bytes(): number {
    return this.#bytes;
  }

  get frames(): number {
    return this.#frames.length - this.#next;
  }

  /** False when the frame does not fit; it is not queued then. */
  push(frame: Uint8Array): boolean {
    if (this.#bytes + frame.length > this.#bytesMax) return false;
    this.#frames.push(frame);
    this.#bytes += frame.length;
    return true;
  }

  /** The oldest frames, up to `bytesMax` together but at least one; undefined when there is none. */
  takeBatch(bytesMax: number): Uint8Array | undefined {
    const first = this.#frames[this.#next];
    if (first === undefined) return undefined;
    let end = this.#next + 1;
    let bytes = first.length;
    for (let frame = this.#frames[end]; frame !== undefined; frame = this.#frames[++end]) {
      if (bytes + frame.length > bytesMax) break;
      bytes += frame.length;
    }
    const taken = this.#frames.slice(this.#next, end);
    this.#next = end;
    this.#bytes -= bytes;
    if (this.#next === this.#frames.length) {
      this.#frames = [];
      this.#next = 0;
    } else if (this.#next > 1024) {
      this.#frames = this.#frames.slice(this.#next);
      this.#next = 0;
    }
    if (taken.length === 1) return first;
    const batch = new Uint8Array(bytes);
    let at = 0;
    for (const frame of taken) {
      batch.set(frame, at);
      at += frame.length;
    }
    return batch;
  }

  /** Drops everything; whether there was anything. */
  clear(): boolean {
    const had = this.frames > 0;
    this.#frames = [];
    this.#next = 0;
    this.#bytes = 0;
    return had;
  }
}
