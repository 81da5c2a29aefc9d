/**
 * What one look at one key came to; the queue acts on nothing else.
 *
 * - done      nothing to do until something changes
 * - again     look again after `afterMs`, whatever happens
 * - terminal  nobody but a user can help: `reason` is shown, and the key rests until it changes
 */
export type Verdict =
  | { readonly type: 'done' }
  | { readonly type: 'again'; readonly afterMs: number }
  | { readonly type: 'terminal'; readonly reason: string };

/**
 * Brings reality to what one key asks for. It is told only *that* it should look (level, not edge), reads the world
 * itself, and never runs twice at once for one key. A throw is the world's failure: the manager logs it and tries
 * again with back-off.
 */
export interface Reconciler {
  /** Shown in logs and metrics. */
  readonly name: string;
  /** `signal` aborts when the manager stops; what is then under way may be cut short, never half recorded. */
  reconcile(key: string, signal: AbortSignal): Promise<Verdict>;
}
