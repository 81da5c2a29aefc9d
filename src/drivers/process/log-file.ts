import {
  closeSync,
  type FSWatcher,
  ftruncateSync,
  openSync,
  readSync,
  renameSync,
  statSync,
  watch,
  writeSync,
} from 'node:fs';

/** How much output is kept, and how often its size is looked at. */
export interface LogLimits {
  /** Bytes in the newest file before it is rotated, at the next look. */
  readonly fileBytesMax: number;
  /** Files kept, the newest included; at least 2. Bounds an instance's log at files × bytes, twice that in a flood. */
  readonly filesMax: number;
}

export const logLimits: LogLimits = { fileBytesMax: 8 * 1024 * 1024, filesMax: 3 };

const chunkBytes = 64 * 1024;
const followPollMs = 500;

/**
 * One instance's output: appended by the workload itself, rotated here by copy and truncate, so that the writer needs
 * no signal and no pipe. What it writes in the microseconds between the last copy and the truncation is lost.
 *
 * Positions count bytes from the newest file's beginning when this object was made, and survive rotation: `#starts`
 * says at which position each file begins, the newest first; older files may end before the next begins, where a flood
 * was cut. All file access is synchronous, so a rotation never comes between finding and reading.
 */
export class LogFile {
  readonly #path: string;
  readonly #limits: LogLimits;
  readonly #starts: number[] = [0];
  #destroyed = false;
  readonly #wakers = new Set<() => void>();

  constructor(path: string, limits: LogLimits) {
    this.#path = path;
    this.#limits = limits;
    for (let age = 1; age < limits.filesMax; age++) {
      this.#starts.push((this.#starts[age - 1] ?? 0) - this.#size(age));
    }
  }

  /** Call every second or two. Keeps the tail when more came than one file holds. */
  rotateWhenLarge(): void {
    if (this.#size(0) <= this.#limits.fileBytesMax) return;
    for (let age = this.#limits.filesMax - 1; age > 1; age--) {
      if (this.#size(age - 1) > 0) renameSync(this.#file(age - 1), this.#file(age));
      this.#starts[age] = this.#starts[age - 1] ?? 0;
    }
    const source = openSync(this.#path, 'r+');
    const copy = openSync(this.#file(1), 'w', 0o600);
    try {
      const size = this.#size(0);
      // What came since the last look goes along, unless it is a flood.
      let position = size > 2 * this.#limits.fileBytesMax ? size - this.#limits.fileBytesMax : 0;
      const chunk = Buffer.allocUnsafe(1024 * 1024);
      const base = this.#starts[0] ?? 0;
      this.#starts[1] = base + position;
      // A writer as fast as this copy would keep it here for ever: three times the size is enough.
      const stop = position + 3 * this.#limits.fileBytesMax;
      for (let read = 1; read > 0 && position < stop; position += read) {
        read = readSync(source, chunk, 0, chunk.length, position);
        writeSync(copy, chunk, 0, read);
      }
      ftruncateSync(source, 0);
      this.#starts[0] = base + position;
    } finally {
      closeSync(source);
      closeSync(copy);
    }
  }

  /** Ends all readers; the files are gone. */
  destroy(): void {
    this.#destroyed = true;
    this.wakeReaders();
  }

  /** Lets followers look again. */
  wakeReaders(): void {
    for (const wake of this.#wakers) wake();
  }

  /** Bytes from the last `tailLines`, oldest first; with `follow` until aborted or destroyed. Never throws for a missing file. */
  async *read(options: {
    readonly follow: boolean;
    readonly tailLines?: number;
    readonly signal: AbortSignal;
  }): AsyncGenerator<Uint8Array, void, void> {
    let position =
      options.tailLines === undefined ? this.#oldest() : this.#startOfTail(options.tailLines);
    // Without follow it ends where the log ended when it was asked for, however fast it grows.
    const end = options.follow ? Infinity : this.#end();
    while (!options.signal.aborted && !this.#destroyed) {
      const found = position < end ? this.#readAt(position, chunkBytes) : undefined;
      const bytes = found?.bytes.subarray(0, end - found.at);
      if (found !== undefined && bytes !== undefined && bytes.length > 0 && found.at < end) {
        position = found.at + bytes.length;
        yield bytes;
      } else if (options.follow) {
        await this.#change(options.signal, position);
      } else {
        return;
      }
    }
  }

  #file(age: number): string {
    return age === 0 ? this.#path : `${this.#path}.${age}`;
  }

  #size(age: number): number {
    return statSync(this.#file(age), { throwIfNoEntry: false })?.size ?? 0;
  }

  #end(): number {
    return (this.#starts[0] ?? 0) + this.#size(0);
  }

  #oldest(): number {
    return this.#starts.at(-1) ?? 0;
  }

  /** The first bytes there are at or after a position, and where they begin; never of two files at once. */
  #readAt(
    position: number,
    length: number,
  ): { readonly at: number; readonly bytes: Buffer } | undefined {
    for (let age = this.#limits.filesMax - 1; age >= 0; age--) {
      const start = this.#starts[age] ?? 0;
      const size = this.#size(age);
      if (position >= start + size) continue;
      const at = Math.max(position, start);
      const bytes = this.#readFile(age, at - start, Math.min(length, start + size - at));
      return bytes.length === 0 ? undefined : { at, bytes };
    }
    return undefined;
  }

  #readFile(age: number, offset: number, length: number): Buffer {
    let file: number;
    try {
      file = openSync(this.#file(age), 'r');
    } catch {
      return Buffer.alloc(0);
    }
    try {
      const bytes = Buffer.allocUnsafe(length);
      return bytes.subarray(0, readSync(file, bytes, 0, length, offset));
    } finally {
      closeSync(file);
    }
  }

  /** Where the last `lines` lines begin; a last line without its newline counts as one. */
  #startOfTail(lines: number): number {
    if (lines <= 0) return this.#end();
    let wanted = lines;
    let atEnd = true;
    for (let age = 0; age < this.#limits.filesMax; age++) {
      const start = this.#starts[age] ?? 0;
      for (let to = this.#size(age); to > 0;) {
        const from = Math.max(0, to - chunkBytes);
        const bytes = this.#readFile(age, from, to - from);
        for (let at = bytes.length - 1; at >= 0; at--) {
          // The newline that ends the last line does not begin another one.
          if (bytes[at] === 0x0a && !atEnd && --wanted === 0) return start + from + at + 1;
          atEnd = false;
        }
        to = from;
      }
    }
    return this.#oldest();
  }

  /** Resolves when there may be more: at the file's change, or after a poll, for not every file system tells. */
  async #change(signal: AbortSignal, position: number): Promise<void> {
    await new Promise<void>((resolve) => {
      let watcher: FSWatcher | undefined;
      const done = (): void => {
        clearTimeout(timer);
        watcher?.close();
        this.#wakers.delete(done);
        signal.removeEventListener('abort', done);
        resolve();
      };
      const timer = setTimeout(done, followPollMs);
      this.#wakers.add(done);
      signal.addEventListener('abort', done);
      try {
        watcher = watch(this.#path, { persistent: false }, done);
        watcher.on('error', done);
      } catch {
        // No file yet: the poll finds it.
      }
      if (this.#destroyed || signal.aborted || this.#end() > position) done();
    });
  }
}
