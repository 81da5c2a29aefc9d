import { idOfHash } from './record-digest.ts';
import type { VerifiedRecord } from './record.ts';

const maxHeld = 1024;

/** Records from the future, until the local clock comes near them. When it is full the furthest one goes. */
export class HeldRecords {
  readonly #held = new Map<string, VerifiedRecord>();

  get size(): number {
    return this.#held.size;
  }

  hold(record: VerifiedRecord): void {
    this.#held.set(idOfHash(record.hash), record);
    if (this.#held.size <= maxHeld) return;
    let furthest = record;
    for (const each of this.#held.values()) {
      if (each.body.order[0] > furthest.body.order[0]) furthest = each;
    }
    this.#held.delete(idOfHash(furthest.hash));
  }

  /** Takes out those that are due. */
  release(isDue: (record: VerifiedRecord) => boolean): readonly VerifiedRecord[] {
    const due = [...this.#held.values()].filter(isDue);
    for (const record of due) this.#held.delete(idOfHash(record.hash));
    return due;
  }
}
