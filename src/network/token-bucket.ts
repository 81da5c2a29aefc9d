/**
 * A rate with a burst. It may go into debt: what has arrived is always taken, and the answer says how long to stop
 * reading until the debt is paid.
 */
export class TokenBucket {
  readonly #perSecond: number;
  readonly #burst: number;
  #tokens: number;
  #atMs: number;

  constructor(config: { readonly perSecond: number; readonly burst: number }, nowMs: number) {
    this.#perSecond = config.perSecond;
    this.#burst = config.burst;
    this.#tokens = config.burst;
    this.#atMs = nowMs;
  }

  /** Takes `count` tokens; returns after how many milliseconds the next may be taken, 0 for now. */
  take(count: number, nowMs: number): number {
    this.#fill(nowMs);
    this.#tokens -= count;
    return this.#tokens >= 0 ? 0 : (-this.#tokens / this.#perSecond) * 1000;
  }

  /** Takes one token if there is one: for what is dropped rather than delayed. */
  tryTake(nowMs: number): boolean {
    this.#fill(nowMs);
    if (this.#tokens < 1) return false;
    this.#tokens--;
    return true;
  }

  #fill(nowMs: number): void {
    const gained = ((nowMs - this.#atMs) * this.#perSecond) / 1000;
    this.#tokens = Math.min(this.#burst, this.#tokens + gained);
    this.#atMs = nowMs;
  }
}
