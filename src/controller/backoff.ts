/** Delays between retries of one key. */
export interface BackoffConfig {
  /** Delay after the first failure, ms. */
  readonly firstMs: number;
  /** Each further failure in a row multiplies the delay by this. */
  readonly factor: number;
  /** No delay is longer, ms. */
  readonly longestMs: number;
}

/** As client-go's per-item limiter, with a ceiling at which a machine that came back is not left alone for long. */
export const defaultBackoff: BackoffConfig = { firstMs: 5, factor: 2, longestMs: 30_000 };

/** Counts failures in a row per key and turns them into delays. A key that succeeds is forgotten. */
export class Backoff {
  readonly #config: BackoffConfig;
  readonly #failures = new Map<string, number>();

  constructor(config: BackoffConfig = defaultBackoff) {
    this.#config = config;
  }

  /** Notes one more failure; returns how long to wait, ms. */
  failed(key: string): number {
    const before = this.#failures.get(key) ?? 0;
    this.#failures.set(key, before + 1);
    return Math.min(this.#config.longestMs, this.#config.firstMs * this.#config.factor ** before);
  }

  succeeded(key: string): void {
    this.#failures.delete(key);
  }

  /** Keys that failed last time. */
  get size(): number {
    return this.#failures.size;
  }
}
