import type { GossipContext } from './protocol.ts';
import type { Pace } from './config.ts';

interface Task {
  readonly pace: Pace;
  readonly isBusy: () => boolean;
  /** Whether there is anything to do at all. */
  readonly isNeeded?: () => boolean;
  readonly run: (context: GossipContext) => void;
}

/** One protocol's cycle: every `busyMs` while busy, else every `quietMs`, spread by 15 % so that peers do not beat together. */
export class Activity {
  readonly #task: Task;
  #lastMs: number;
  #spread: number;

  /** The first run comes within one busy period, at a point given by `spread` in [0, 1). */
  constructor(task: Task, nowMs: number, spread: number) {
    this.#task = task;
    this.#lastMs = nowMs - task.pace.busyMs;
    this.#spread = 1 + spread;
  }

  dueMs(): number {
    const { pace, isBusy, isNeeded } = this.#task;
    if (isNeeded?.() === false) return Infinity;
    return this.#lastMs + (isBusy() ? pace.busyMs : pace.quietMs) * this.#spread;
  }

  tick(context: GossipContext): void {
    if (context.nowMs >= this.dueMs()) this.run(context);
  }

  run(context: GossipContext): void {
    this.#lastMs = context.nowMs;
    this.#spread = 0.85 + 0.3 * context.random.next();
    this.#task.run(context);
  }
}
