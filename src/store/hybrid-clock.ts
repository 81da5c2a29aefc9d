import { maxAheadMs } from './bounds.ts';

/** [wall milliseconds, counter]: compared in this order. */
export type Order = readonly [number, number];

/** Less than 0 when `a` is earlier. */
export function compareOrders(a: Order, b: Order): number {
  return a[0] - b[0] || a[1] - b[1];
}

/**
 * A hybrid logical clock (Kulkarni et al., "Logical Physical Clocks", OPODIS 2014): close to the wall clock, and
 * always later than everything it was shown. What is too far ahead of the local wall clock is not believed.
 */
export class HybridClock {
  #last: Order;

  /** @param last the high-water mark of the run before, so that a wall clock set back does not go back here. */
  constructor(last: Order = [0, 0]) {
    this.#last = last;
  }

  get last(): Order {
    return this.#last;
  }

  /** A new order: later than the wall clock, than all before it here, and than `base`. */
  tick(nowWallMs: number, base?: Order): Order {
    const behind = base !== undefined && compareOrders(base, this.#last) > 0 ? base : this.#last;
    this.#last = nowWallMs > behind[0] ? [nowWallMs, 0] : [behind[0], behind[1] + 1];
    return this.#last;
  }

  /** Takes note of another peer's order. False, and nothing moves, when it is more than 60 s ahead. */
  observe(order: Order, nowWallMs: number): boolean {
    if (order[0] > nowWallMs + maxAheadMs) return false;
    if (compareOrders(order, this.#last) > 0) this.#last = order;
    return true;
  }
}
