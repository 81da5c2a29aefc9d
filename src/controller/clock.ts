/** Time, handed in: the simulator's or the machine's. */
export interface Clock {
  /** Monotonic, milliseconds. */
  nowMs(): number;
  /** Wall clock, milliseconds since 1970. Only for stamps that people read. */
  wallMs(): number;
  /** Calls back once after `delayMs`; returns how to cancel it. */
  after(delayMs: number, callback: () => void): () => void;
}
