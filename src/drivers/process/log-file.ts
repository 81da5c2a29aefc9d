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
  /** Bytes in the newest file before it is rotated. */
  readonly fileBytesMax: number;
  /** Files kept, the newest included; at least 2. Bounds an instance's log at about files × bytes. */
  readonly filesMax: number;
}

export const logLimits: LogLimits = { fileBytesMax: 8 * 1024 * 1024, filesMax: 3 };

const chunkBytes = 64 * 1024;
const followPollMs = 500;

/**
 * One instance's output: appended by the workload itself, rotated here by copy and truncate, so that the writer needs
 * no signal and no pipe. What it writes in the microseconds between the last copy and the truncation is lost.
 *
 * Positions count bytes since this object was made and survive rotation: `#base` is where the newest file begins, and
 * older files lie before it. All file access is synchronous, so a rotation never comes between finding and reading.
 */
export class LogFile {
  readonly #path: string;
  readonly #limits: LogLimits;
  #base = 0;
  #destroyed = false;
  readonly #wakers = new Set<() => void>();

  constructor(path: string, limits: LogLimits) {
    this.#path = path;
    this.#limits = limits;
  }

  /** Call every second or two. Keeps the tail when more came than one file holds. */
  rotateWhenLarge(): void {
    if (this.#size(0) <= this.#limits.fileBytesMax) return;
    for (let age = this.#limits.filesMax - 1; age > 1; age--) {
      if (this.#size(age - 1) > 0) renameSync(this.#file(age - 1), this.#file(age));
    }
    const source = openSync(this.#path, 'r+');
    const copy = openSync(this.#file(1), 'w', 0o600);
    try {
      const size = this.#size(0);
      let position = Math.max(0, size - this.#limits.fileBytesMax);
      const chunk = Buffer.allocUnsafe(1024 * 1024);
      // A writer as fast as this copy would keep it here for ever: twice the size is enough.
      const stop = position + 2 * this.#limits.fileBytesMax;
      for (let read = 1; read > 0 && position < stop; position += read) {
        read = readSync(source, chunk, 0, chunk.length, position);
        writeSync(copy, chunk, 0, read);
      }
      ftruncateSync(source, 0);
      this.#base += position;
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
      position = Math.max(position, this.#oldest());
      const bytes =
        position < end ? this.#readAt(position, Math.min(chunkBytes, end - position)) : undefined;
      if (bytes !== undefined) {
        position += bytes.length;
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
    return this.#base + this.#size(0);
  }

  #oldest(): number {
    let position = this.#base;
    for (let age = 1; age < this.#limits.filesMax; age++) position -= this.#size(age);
    return position;
  }

  #readAt(position: number, length: number): Buffer | undefined {
    let fileStart = this.#base;
    for (let age = 0; age < this.#limits.filesMax; age++) {
      if (age > 0) fileStart -= this.#size(age);
      if (position < fileStart) continue;
      let file: number;
      try {
        file = openSync(this.#file(age), 'r');
      } catch {
        return undefined;
      }
      try {
        const bytes = Buffer.allocUnsafe(length);
        const read = readSync(file, bytes, 0, length, position - fileStart);
        return read === 0 ? undefined : bytes.subarray(0, read);
      } finally {
        closeSync(file);
      }
    }
    return undefined;
  }

  /** Where the last `lines` lines begin; a last line without its newline counts as one. */
  #startOfTail(lines: number): number {
    const oldest = this.#oldest();
    let position = this.#end();
    if (lines <= 0) return position;
    let wanted = lines;
    let atEnd = true;
    while (position > oldest) {
      const from = Math.max(oldest, position - chunkBytes);
      const bytes = this.#readRange(from, position);
      for (let at = bytes.length - 1; at >= 0; at--) {
        if (bytes[at] !== 0x0a) {
          atEnd = false;
          continue;
        }
        // The newline that ends the last line does not begin another one.
        if (atEnd) atEnd = false;
        else if (--wanted === 0) return from + at + 1;
      }
      position = from;
    }
    return oldest;
  }

  #readRange(from: number, to: number): Buffer {
    const parts: Buffer[] = [];
    for (let position = from; position < to;) {
      const part = this.#readAt(position, to - position);
      if (part === undefined) break;
      parts.push(part);
      position += part.length;
    }
    return Buffer.concat(parts);
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
