import type { Clock } from '../../src/controller/clock.ts';

/** Time that moves only when a test says so; callbacks run in order of their due time, then of being asked for. */
export class VirtualClock implements Clock {
  #nowMs = 1000;
  #order = 0;
  #timers: { readonly atMs: number; readonly order: number; readonly run: () => void }[] = [];

  nowMs(): number {
    return this.#nowMs;
  }

  wallMs(): number {
    return 1_790_000_000_000 + this.#nowMs;
  }

  after(delayMs: number, callback: () => void): () => void {
    this.#order += 1;
    const timer = { atMs: this.#nowMs + delayMs, order: this.#order, run: callback };
    this.#timers.push(timer);
    return () => {
      this.#timers = this.#timers.filter((other) => other !== timer);
    };
  }

  get pending(): number {
    return this.#timers.length;
  }

  /** Lets promises settle, moves on to each timer that is due, and settles again. */
  async advance(ms: number): Promise<void> {
    const endMs = this.#nowMs + ms;
    await settle();
    for (;;) {
      this.#timers.sort((a, b) => a.atMs - b.atMs || a.order - b.order);
      const next = this.#timers[0];
      if (next === undefined || next.atMs > endMs) break;
      this.#timers.shift();
      this.#nowMs = Math.max(this.#nowMs, next.atMs);
      next.run();
      await settle();
    }
    this.#nowMs = endMs;
  }

  /** The process stood still: time has passed and nothing has run. */
  stall(ms: number): void {
    this.#nowMs += ms;
  }
}

/** Runs everything that only waits for promises. */
export async function settle(): Promise<void> {
  await new Promise<void>((resolve) => setImmediate(resolve));
}
