import type { Clock } from '../../../src/controller/clock.ts';

/** Time that moves only when told to; what falls due is called in order, with everything that follows from it. */
export class VirtualClock implements Clock {
  #nowMs = 0;
  #next = 0;
  readonly #timers = new Map<number, { readonly atMs: number; readonly callback: () => void }>();

  nowMs(): number {
    return this.#nowMs;
  }

  wallMs(): number {
    return 1_800_000_000_000 + this.#nowMs;
  }

  after(delayMs: number, callback: () => void): () => void {
    const id = this.#next++;
    this.#timers.set(id, { atMs: this.#nowMs + Math.max(0, delayMs), callback });
    return () => this.#timers.delete(id);
  }

  async advance(ms: number): Promise<void> {
    const untilMs = this.#nowMs + ms;
    await settle();
    for (;;) {
      let first: number | undefined;
      for (const [id, { atMs }] of this.#timers) {
        const best = first === undefined ? undefined : this.#timers.get(first);
        if (atMs <= untilMs && (best === undefined || atMs < best.atMs)) first = id;
      }
      const timer = first === undefined ? undefined : this.#timers.get(first);
      if (first === undefined || timer === undefined) break;
      this.#timers.delete(first);
      this.#nowMs = Math.max(this.#nowMs, timer.atMs);
      timer.callback();
      await settle();
    }
    this.#nowMs = untilMs;
  }
}

/** Lets all promises that wait for nothing outside go on. */
async function settle(): Promise<void> {
  for (let i = 0; i < 4; i++) await new Promise((resolve) => setImmediate(resolve));
}
