import type { Clock } from './clock.ts';

/**
 * Keys that somebody should look at, each at most once in the queue and never in two hands at once (client-go's
 * workqueue). A key that is added while it is being worked on comes back when that work ends, so no change is lost;
 * ten changes at once are one look.
 */
export class WorkQueue {
  readonly #clock: Clock;
  readonly #ready: string[] = [];
  /** Keys that are in `#ready`, or must be put there once the work on them ends. */
  readonly #dirty = new Set<string>();
  readonly #working = new Set<string>();
  readonly #timers = new Map<string, { readonly dueMs: number; readonly cancel: () => void }>();
  #onReady: (() => void) | undefined;
  #closed = false;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Called whenever a key can be taken. */
  onReady(listener: () => void): void {
    this.#onReady = listener;
  }

  add(key: string): void {
    if (this.#closed) return;
    this.#timers.get(key)?.cancel();
    this.#timers.delete(key);
    if (this.#dirty.has(key)) return;
    this.#dirty.add(key);
    if (this.#working.has(key)) return;
    this.#ready.push(key);
    this.#onReady?.();
  }

  /** Adds the key after `delayMs`; of several pending delays of one key the earliest counts. */
  addAfter(key: string, delayMs: number): void {
    if (this.#closed || this.#dirty.has(key)) return;
    if (delayMs <= 0) return this.add(key);
    const dueMs = this.#clock.nowMs() + delayMs;
    const pending = this.#timers.get(key);
    if (pending !== undefined && pending.dueMs <= dueMs) return;
    pending?.cancel();
    const cancel = this.#clock.after(delayMs, () => {
      this.#timers.delete(key);
      this.add(key);
    });
    this.#timers.set(key, { dueMs, cancel });
  }

  /** The next key to work on; it must be given back by `finish`. */
  take(): string | undefined {
    const key = this.#ready.shift();
    if (key === undefined) return undefined;
    this.#dirty.delete(key);
    this.#working.add(key);
    return key;
  }

  finish(key: string): void {
    this.#working.delete(key);
    if (this.#closed || !this.#dirty.has(key)) return;
    this.#ready.push(key);
    this.#onReady?.();
  }

  /** Keys that wait, are delayed, or are being worked on. */
  get size(): number {
    return new Set([...this.#dirty, ...this.#working, ...this.#timers.keys()]).size;
  }

  /** Drops everything that waits; keys in hand may still be finished. */
  close(): void {
    this.#closed = true;
    for (const { cancel } of this.#timers.values()) cancel();
    this.#timers.clear();
    this.#ready.length = 0;
    this.#dirty.clear();
  }
}
