import { kindKeys } from '../objects/kind-keys.ts';
import type { Uid } from '../objects/ids.ts';
import type { RecordStore } from '../store/record-store.ts';

const uidsMax = 100_000;

/** Uids of Slices that are known to be deleted: their claims are garbage at once, their work must still be stopped. */
export class GoneSlices {
  readonly #uids = new Set<Uid>();

  constructor(store: RecordStore) {
    for (const { body } of store.records()) {
      if (body.kind === kindKeys.slice && body.slot === 'tombstone') this.#add(body.uid);
    }
    store.subscribe(({ kind, namespace, name, before, after }) => {
      if (kind !== kindKeys.slice || before === undefined || after?.uid === before.uid) return;
      if (store.isDeleted(kind, namespace, name, before.uid)) this.#add(before.uid);
    });
  }

  has(uid: Uid): boolean {
    return this.#uids.has(uid);
  }

  #add(uid: Uid): void {
    this.#uids.add(uid);
    if (this.#uids.size <= uidsMax) return;
    const [oldest] = this.#uids;
    if (oldest !== undefined) this.#uids.delete(oldest);
  }
}
