/** One call after the other for one id, in order; different ids do not wait for each other. */
export class Turns {
  readonly #last = new Map<string, Promise<unknown>>();

  /** The call's own outcome; a failure before it does not reach it. */
  async run<T>(id: string, call: () => Promise<T>): Promise<T> {
    const before = this.#last.get(id) ?? Promise.resolve();
    const turn = before.then(call, call);
    this.#last.set(id, turn);
    try {
      return await turn;
    } finally {
      if (this.#last.get(id) === turn) this.#last.delete(id);
    }
  }

  /** Resolves when all calls made until now are over, however they ended. */
  async settled(): Promise<void> {
    await Promise.allSettled(this.#last.values());
  }
}
