import type { Clock } from '../controller/clock.ts';

/** The machine's time: monotonic milliseconds since the process began, and the wall clock. */
export const machineClock: Clock = {
  nowMs: () => performance.now(),
  wallMs: () => Date.now(),
  after(delayMs, callback) {
    const timer = setTimeout(callback, Math.max(0, delayMs));
    return () => clearTimeout(timer);
  },
};
