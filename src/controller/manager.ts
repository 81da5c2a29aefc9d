import type { Clock } from './clock.ts';
import type { BackoffConfig } from './backoff.ts';
import type { Reconciler, Verdict } from './reconciler.ts';
import { Backoff, defaultBackoff } from './backoff.ts';
import { WorkQueue } from './work-queue.ts';

/** What the manager tells of what went wrong; one call an occurrence, for logs and metrics. */
export interface ManagerReports {
  /** A reconcile threw; it is tried again after `retryMs`. */
  failed(reconciler: string, key: string, error: unknown, retryMs: number): void;
  /** A reconcile gave up until its key changes. */
  terminal(reconciler: string, key: string, reason: string): void;
}

export interface ManagerConfig {
  readonly backoff: BackoffConfig;
  /** How many keys of one reconciler may be worked on at once. */
  readonly workers: number;
}

/**
 * Runs one reconciler: takes keys from its queue, never one key twice at once, and acts on each verdict. Nothing
 * starts before `start`, and `stop` resolves when the last key in hand is done.
 */
export class Manager {
  readonly #reconciler: Reconciler;
  readonly #queue: WorkQueue;
  readonly #backoff: Backoff;
  readonly #reports: ManagerReports;
  readonly #workers: number;
  readonly #abort = new AbortController();
  readonly #running = new Set<Promise<void>>();
  #started = false;

  constructor(
    parts: {
      readonly reconciler: Reconciler;
      readonly clock: Clock;
      readonly reports: ManagerReports;
    },
    config: Partial<ManagerConfig> = {},
  ) {
    this.#reconciler = parts.reconciler;
    this.#reports = parts.reports;
    this.#backoff = new Backoff(config.backoff ?? defaultBackoff);
    this.#workers = config.workers ?? 1;
    this.#queue = new WorkQueue(parts.clock);
    this.#queue.onReady(() => this.#fill());
  }

  /** Something about `key` may have changed: look as soon as a worker is free. */
  add(key: string): void {
    this.#queue.add(key);
  }

  addAfter(key: string, delayMs: number): void {
    this.#queue.addAfter(key, delayMs);
  }

  start(): void {
    this.#started = true;
    this.#fill();
  }

  async stop(): Promise<void> {
    this.#started = false;
    this.#abort.abort();
    this.#queue.close();
    await Promise.all(this.#running);
  }

  #fill(): void {
    while (this.#started && this.#running.size < this.#workers) {
      const key = this.#queue.take();
      if (key === undefined) return;
      const work = this.#work(key).finally(() => {
        this.#running.delete(work);
        this.#fill();
      });
      this.#running.add(work);
    }
  }

  async #work(key: string): Promise<void> {
    try {
      this.#conclude(key, await this.#reconciler.reconcile(key, this.#abort.signal));
    } catch (error) {
      const retryMs = this.#backoff.failed(key);
      this.#reports.failed(this.#reconciler.name, key, error, retryMs);
      this.#queue.addAfter(key, retryMs);
    } finally {
      this.#queue.finish(key);
    }
  }

  #conclude(key: string, verdict: Verdict): void {
    this.#backoff.succeeded(key);
    switch (verdict.type) {
      case 'done':
        return;
      case 'again':
        this.#queue.addAfter(key, verdict.afterMs);
        return;
      case 'terminal':
        this.#reports.terminal(this.#reconciler.name, key, verdict.reason);
        return;
      default:
        verdict satisfies never;
    }
  }
}
