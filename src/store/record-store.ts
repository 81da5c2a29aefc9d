import { maxAheadMs } from './bounds.ts';
import { HeldRecords } from './held-records.ts';
import { isConcurrent } from './lineage.ts';
import {
  compareEntries,
  entryIdOf,
  isExpired,
  newEntry,
  type ObjectEntry,
  ownerKeysOf,
  uidKeyOf,
  wallMsOf,
} from './object-entry.ts';
import { RecordDigest } from './record-digest.ts';
import { compareRecords } from './record-order.ts';
import { assemble, type StoredObject } from './stored-object.ts';
import type { Crypto } from '../lib/crypto.ts';
import type { KindKey, Uid } from '../objects/ids.ts';
import type { Slot, VerifiedRecord } from './record.ts';

export interface StoreLimits {
  /** Beyond it only records that replace or remove others are taken. */
  readonly maxRecords: number;
  /** The same, in bytes of records. */
  readonly maxBytes: number;
  /** Live uids of one writer under one name; beyond it the one written longest ago is forgotten. */
  readonly maxUids: number;
}

const defaultLimits: StoreLimits = {
  maxRecords: 200_000,
  maxBytes: 512 * 2 ** 20,
  maxUids: 8,
};

/** Two writes of which neither knew the other. Both are whole records, so that an Event can show what was lost. */
export interface Conflict {
  readonly winner: VerifiedRecord;
  readonly loser: VerifiedRecord;
}

/**
 * new: merged, to be written to disk and passed on. known: it is here already. older: its slot holds a greater one.
 * refused: it cannot be merged (see `reason`). held: it is from the future and is tried again later.
 */
export interface Offer {
  readonly outcome: 'new' | 'known' | 'older' | 'refused' | 'held';
  readonly reason?: 'deleted' | 'garbage' | 'expired' | 'full' | 'names';
  /** Records that are no longer stored: to be deleted from disk. */
  readonly dropped: readonly VerifiedRecord[];
  readonly conflict?: Conflict;
}

/**
 * What the name (kind, namespace, name) showed before and shows now. The two are the same object when the change was
 * of a uid that the name does not show.
 */
export interface StoreChange {
  readonly kind: KindKey;
  readonly namespace: string;
  readonly name: string;
  readonly before: StoredObject | undefined;
  readonly after: StoredObject | undefined;
}

/**
 * The replicated set: a map from slot to its greatest record (store/record.ts). Merging is commutative, associative
 * and idempotent, because
 *
 * - a slot keeps the maximum of a total order that lies in the records themselves;
 * - a tombstone is a slot whose presence drops and refuses all other slots of its uid, whenever they come;
 * - a uid belongs to who wrote it: the writer is part of an object's identity, so that nobody's records meet another
 *   owner's slots, whatever uid they name;
 * - which of several uids a name shows is a function of the set.
 *
 * Two rules keep it bounded and are exact only through repeated exchange: garbage (dropped once all its owner uids
 * are tombstoned) assumes that an object's ownerReferences stay the same, and `maxUids`. What goes as garbage leaves no
 * tombstone: who depends on it must refer to its owner as well.
 */
export class RecordStore {
  readonly #crypto: Crypto;
  readonly #limits: StoreLimits;
  readonly #isReadable: (stored: StoredObject) => boolean;
  readonly #entries = new Map<string, ObjectEntry>();
  /** Entry ids by kind, then by `namespace|name`. */
  readonly #names = new Map<KindKey, Map<string, Set<string>>>();
  /** Entry ids by `kind|namespace|name|uid`, whoever wrote it. */
  readonly #byUid = new Map<string, Set<string>>();
  /** Entry ids by the `kind|namespace|name|uid` that they name as an owner. */
  readonly #dependents = new Map<string, Set<string>>();
  readonly #digest: RecordDigest;
  readonly #held = new HeldRecords();
  readonly #listeners = new Set<(change: StoreChange) => void>();
  readonly #changes: StoreChange[] = [];
  #isTelling = false;
  #bytes = 0;

  /**
   * @param isReadable whether readers may rely on the object's shape: a record is merged and passed on whatever its
   *   writer put into it, and what is not readable is as if it were not there. Asked often; a function of the object.
   */
  constructor(
    crypto: Crypto,
    limits: Partial<StoreLimits> = {},
    isReadable: (stored: StoredObject) => boolean = () => true,
  ) {
    this.#crypto = crypto;
    this.#isReadable = isReadable;
    this.#limits = { ...defaultLimits, ...limits };
    this.#digest = new RecordDigest(crypto);
  }

  get size(): number {
    return this.#digest.size;
  }

  get bytes(): number {
    return this.#bytes;
  }

  get heldCount(): number {
    return this.#held.size;
  }

  get digest(): Pick<RecordDigest, 'rootHash' | 'bucketHash' | 'idsOf' | 'get'> {
    return this.#digest;
  }

  /** @param nowMs the local wall clock */
  offer(record: VerifiedRecord, nowMs: number): Offer {
    if (wallMsOf(record) > nowMs + maxAheadMs) {
      this.#held.hold(record);
      return { outcome: 'held', dropped: [] };
    }
    if (isExpired(record, nowMs)) return { outcome: 'refused', reason: 'expired', dropped: [] };
    const entry = this.#entries.get(entryIdOf(record.body)) ?? newEntry(record.body);
    const tombstone = entry.slots.get('tombstone');
    if (tombstone !== undefined && record.body.slot !== 'tombstone') {
      return {
        outcome: 'refused',
        reason: 'deleted',
        dropped: [],
        ...conflictOf(tombstone, record),
      };
    }
    const current = entry.slots.get(record.body.slot);
    if (current !== undefined) {
      if (current.hash === record.hash) return { outcome: 'known', dropped: [] };
      if (compareRecords(current, record) > 0) {
        return { outcome: 'older', dropped: [], ...conflictOf(current, record) };
      }
    } else if (
      this.#isFull(record) &&
      (record.body.slot !== 'tombstone' || entry.slots.size === 0)
    ) {
      return { outcome: 'refused', reason: 'full', dropped: [] };
    }
    if (record.body.slot === 'object' && this.#isGarbage(record)) {
      return { outcome: 'refused', reason: 'garbage', dropped: [] };
    }
    return this.#merge(entry, record);
  }

  /** Offers again what was held and is due. */
  retryHeld(nowMs: number): readonly { readonly record: VerifiedRecord; readonly offer: Offer }[] {
    const due = this.#held.release((record) => wallMsOf(record) <= nowMs + maxAheadMs);
    return due.map((record) => ({ record, offer: this.offer(record, nowMs) }));
  }

  /** Forgets tombstones that are older than 30 days; answers them, to be deleted from disk. */
  expire(nowMs: number): readonly VerifiedRecord[] {
    const dropped: VerifiedRecord[] = [];
    for (const entry of this.#entries.values()) {
      const tombstone = entry.slots.get('tombstone');
      if (tombstone === undefined || !isExpired(tombstone, nowMs)) continue;
      this.#drop(entry, 'tombstone', dropped);
    }
    return dropped;
  }

  /** What a name shows: of its live uids the one whose object was written last (peers: the older certificate). */
  get(kind: KindKey, namespace: string, name: string): StoredObject | undefined {
    const shown = this.#readable(kind, `${namespace}|${name}`)[0];
    return shown === undefined ? undefined : this.#assembled(shown);
  }

  /** All live uids under a name, readable or not. A deletion of the name tombstones each of them. */
  allAt(kind: KindKey, namespace: string, name: string): readonly StoredObject[] {
    return this.#live(kind, `${namespace}|${name}`).map((entry) => this.#assembled(entry));
  }

  /** What every name shows. */
  objects(kind?: KindKey): readonly StoredObject[] {
    return this.#collect(kind, (entries) => entries.slice(0, 1));
  }

  /** Objects under every name, hidden ones too: for what must not be shadowed by another writer's use of a name. */
  all(kind?: KindKey): readonly StoredObject[] {
    return this.#collect(kind, (entries) => entries);
  }

  /** The record in one slot of an object: what a write to that slot is based on. */
  slotOf(stored: StoredObject, slot: Slot): VerifiedRecord | undefined {
    for (const id of this.#byUid.get(uidKeyOf(stored)) ?? []) {
      const entry = this.#entries.get(id);
      if (entry?.slots.get('object')?.hash === stored.hash) return entry.slots.get(slot);
    }
    return undefined;
  }

  /** Whether an object with this uid was deleted within the last 30 days. */
  isDeleted(kind: KindKey, namespace: string, name: string, uid: Uid): boolean {
    return this.#isGone(uidKeyOf({ kind, namespace, name, uid }));
  }

  /** Called synchronously after each change under a name, in order; offers made inside are told after it. */
  subscribe(listener: (change: StoreChange) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Every stored record, in no order. */
  *records(): IterableIterator<VerifiedRecord> {
    for (const entry of this.#entries.values()) yield* entry.slots.values();
  }

  #merge(entry: ObjectEntry, record: VerifiedRecord): Offer {
    const dropped: VerifiedRecord[] = [];
    const { slot } = record.body;
    const before = this.#shown(entry);
    const isNewcomer = slot === 'object' && !entry.slots.has('object');
    const lost = entry.slots.get(slot === 'tombstone' && !entry.slots.has(slot) ? 'object' : slot);
    if (!this.#entries.has(entry.id)) this.#insert(entry);
    for (const each of slot === 'tombstone' ? entry.slots.keys() : [slot]) {
      this.#take(entry, each, dropped);
    }
    this.#put(entry, record);
    if (isNewcomer && this.#forgetSurplus(entry, dropped)) {
      return {
        outcome: 'refused',
        reason: 'names',
        dropped: dropped.filter((each) => each !== record),
      };
    }
    this.#note(entry, before);
    if (slot === 'tombstone') this.#collectGarbage(entry, dropped);
    const conflict = isNewcomer ? this.#nameConflict(entry) : conflictOf(record, lost);
    this.#tell();
    return { outcome: 'new', dropped, ...conflict };
  }

  /** A uid that comes to a name beside another one hides it, or is hidden. */
  #nameConflict(entry: ObjectEntry): { readonly conflict?: Conflict } {
    const [shown, ...hidden] = this.#live(entry.kind, entry.name);
    const winner = shown?.slots.get('object');
    const loser = (shown === entry ? hidden[0] : entry)?.slots.get('object');
    if (winner?.body.class !== 'owner' || loser === undefined) return {};
    return { conflict: { winner, loser } };
  }

  #insert(entry: ObjectEntry): void {
    this.#entries.set(entry.id, entry);
    const names = this.#names.get(entry.kind) ?? new Map<string, Set<string>>();
    this.#names.set(entry.kind, names);
    addTo(names, entry.name, entry.id);
    addTo(this.#byUid, entry.uidKey, entry.id);
  }

  #put(entry: ObjectEntry, record: VerifiedRecord): void {
    entry.slots.set(record.body.slot, record);
    entry.stored = undefined;
    this.#bytes += record.bytes.length;
    this.#digest.add(digestKeyOf(entry), record);
    if (record.body.slot !== 'object') return;
    for (const key of ownerKeysOf(record).flat()) addTo(this.#dependents, key, entry.id);
  }

  /** Takes a record out of its slot; the entry stays, for what is put into it next. */
  #take(entry: ObjectEntry, slot: Slot, dropped: VerifiedRecord[]): void {
    const record = entry.slots.get(slot);
    if (record === undefined) return;
    entry.slots.delete(slot);
    entry.stored = undefined;
    dropped.push(record);
    this.#bytes -= record.bytes.length;
    this.#digest.remove(digestKeyOf(entry), record);
    if (slot !== 'object') return;
    for (const key of ownerKeysOf(record).flat()) deleteFrom(this.#dependents, key, entry.id);
  }

  /** Takes a record out for good, and with the last one the entry. */
  #drop(entry: ObjectEntry, slot: Slot, dropped: VerifiedRecord[]): void {
    this.#take(entry, slot, dropped);
    if (entry.slots.size > 0) return;
    this.#entries.delete(entry.id);
    deleteFrom(this.#byUid, entry.uidKey, entry.id);
    const names = this.#names.get(entry.kind);
    if (names !== undefined) deleteFrom(names, entry.name, entry.id);
  }

  /** True when it is the newcomer itself that is too many. */
  #forgetSurplus(newcomer: ObjectEntry, dropped: VerifiedRecord[]): boolean {
    const uids = this.#live(newcomer.kind, newcomer.name).filter(
      (each) => each.writer === newcomer.writer,
    );
    const surplus = uids.slice(this.#limits.maxUids);
    for (const entry of surplus)
      for (const slot of entry.slots.keys()) this.#drop(entry, slot, dropped);
    return surplus.includes(newcomer);
  }

  /** Drops what belonged to a uid that is gone. Its other slots stay, as they would have come had it come later. */
  #collectGarbage(gone: ObjectEntry, dropped: VerifiedRecord[]): void {
    for (const id of this.#dependents.get(gone.uidKey) ?? []) {
      const entry = this.#entries.get(id);
      const record = entry?.slots.get('object');
      if (entry === undefined || record === undefined || !this.#isGarbage(record)) continue;
      const before = this.#shown(entry);
      this.#drop(entry, 'object', dropped);
      this.#note(entry, before);
    }
  }

  #isGarbage(record: VerifiedRecord): boolean {
    const owners = ownerKeysOf(record);
    return owners.length > 0 && owners.every((keys) => keys.some((key) => this.#isGone(key)));
  }

  /** A uid is gone when somebody's is tombstoned and nobody's lives: an unknown uid is never a deleted one. */
  #isGone(uidKey: string): boolean {
    const entries = [...(this.#byUid.get(uidKey) ?? [])].map((id) => this.#entries.get(id));
    return (
      entries.some((entry) => entry?.slots.has('tombstone')) &&
      !entries.some((entry) => entry?.slots.has('object'))
    );
  }

  #isFull(record: VerifiedRecord): boolean {
    return (
      this.#digest.size >= this.#limits.maxRecords ||
      this.#bytes + record.bytes.length > this.#limits.maxBytes
    );
  }

  /** Live entries of a name, the one that it shows first. */
  #live(kind: KindKey, name: string): ObjectEntry[] {
    const found: ObjectEntry[] = [];
    for (const id of this.#names.get(kind)?.get(name) ?? []) {
      const entry = this.#entries.get(id);
      if (entry?.slots.has('object')) found.push(entry);
    }
    return found.length > 1 ? found.sort(compareEntries) : found;
  }

  #readable(kind: KindKey, name: string): ObjectEntry[] {
    return this.#live(kind, name).filter((entry) => this.#isReadable(this.#assembled(entry)));
  }

  #collect(
    kind: KindKey | undefined,
    choose: (entries: ObjectEntry[]) => ObjectEntry[],
  ): StoredObject[] {
    const kinds = kind === undefined ? [...this.#names.keys()] : [kind];
    return kinds.flatMap((each) =>
      [...(this.#names.get(each)?.keys() ?? [])].flatMap((name) =>
        choose(this.#readable(each, name)).map((entry) => this.#assembled(entry)),
      ),
    );
  }

  #assembled(entry: ObjectEntry): StoredObject {
    entry.stored ??= assemble(entry.slots, this.#crypto);
    return entry.stored as StoredObject;
  }

  /** What the entry's name shows; nothing while nobody listens. */
  #shown(entry: ObjectEntry): StoredObject | undefined {
    if (this.#listeners.size === 0) return undefined;
    const shown = this.#readable(entry.kind, entry.name)[0];
    return shown === undefined ? undefined : this.#assembled(shown);
  }

  #note(entry: ObjectEntry, before: StoredObject | undefined): void {
    if (this.#listeners.size === 0) return;
    const after = this.#shown(entry);
    const bar = entry.name.indexOf('|');
    const [namespace, name] = [entry.name.slice(0, bar), entry.name.slice(bar + 1)];
    this.#changes.push({ kind: entry.kind, namespace, name, before, after });
  }

  #tell(): void {
    if (this.#isTelling) return;
    this.#isTelling = true;
    try {
      for (
        let change = this.#changes.shift();
        change !== undefined;
        change = this.#changes.shift()
      ) {
        for (const listener of this.#listeners) listener(change);
      }
    } finally {
      this.#isTelling = false;
    }
  }
}

/** Peers write about themselves alone, and finalizers merge: neither can be in conflict. */
function conflictOf(
  winner: VerifiedRecord,
  loser: VerifiedRecord | undefined,
): { readonly conflict?: Conflict } {
  if (loser?.body.class !== 'owner' || loser.body.slot !== 'object') return {};
  return isConcurrent(winner, loser) ? { conflict: { winner, loser } } : {};
}

/** All records of a name share a bucket, so that an exchange can send its deletions before what came after them. */
function digestKeyOf(entry: ObjectEntry): string {
  return `${entry.kind}|${entry.name}`;
}

function addTo(sets: Map<string, Set<string>>, key: string, id: string): void {
  const set = sets.get(key);
  if (set === undefined) sets.set(key, new Set([id]));
  else set.add(id);
}

function deleteFrom(sets: Map<string, Set<string>>, key: string, id: string): void {
  const set = sets.get(key);
  set?.delete(id);
  if (set?.size === 0) sets.delete(key);
}
