import { tombstoneLifeMs } from './bounds.ts';
import { compareRecords, compareTexts } from './record-order.ts';
import { ownerReferences, type StoredObject } from './stored-object.ts';
import type { KindKey, Uid } from '../objects/ids.ts';
import type { RecordBody, Slot, VerifiedRecord } from './record.ts';

/** All slots of one uid of one writer. */
export interface ObjectEntry {
  readonly id: string;
  readonly kind: KindKey;
  /** `namespace|name` */
  readonly name: string;
  /** Who may write it, and nobody else: the owner; of peer-written kinds the peer. */
  readonly writer: string;
  /** See `uidKeyOf`. */
  readonly uidKey: string;
  readonly slots: Map<Slot, VerifiedRecord>;
  /** Assembled when asked for; undefined after each change. */
  stored: StoredObject | undefined;
}

/** The writer is part of the identity: records of two writers never meet in one entry, whatever uid they name. */
export function entryIdOf(body: RecordBody): string {
  return `${uidKeyOf(body)}|${writerOf(body)}`;
}

export function newEntry(body: RecordBody): ObjectEntry {
  return {
    id: entryIdOf(body),
    kind: body.kind,
    name: `${body.namespace}|${body.name}`,
    writer: writerOf(body),
    uidKey: uidKeyOf(body),
    slots: new Map(),
    stored: undefined,
  };
}

/** A uid counts only together with the kind and name that it was given to. No part of it can hold a bar. */
export function uidKeyOf(named: {
  readonly kind: KindKey;
  readonly namespace: string;
  readonly name: string;
  readonly uid: Uid;
}): string {
  return `${named.kind}|${named.namespace}|${named.name}|${named.uid}`;
}

/**
 * For each owner that an object refers to, the uid keys that may be meant: an owner is in its dependent's namespace
 * or in none.
 */
export function ownerKeysOf({ body }: VerifiedRecord): readonly (readonly string[])[] {
  const metadata = body.value['metadata'];
  if (typeof metadata !== 'object' || metadata === null || !('ownerReferences' in metadata))
    return [];
  return ownerReferences(metadata['ownerReferences']).map((reference) => {
    const slash = reference.apiVersion.indexOf('/');
    const kind =
      `${slash < 0 ? '' : reference.apiVersion.slice(0, slash)}/${reference.kind}` as KindKey;
    return [body.namespace, ''].map((namespace) => uidKeyOf({ ...reference, kind, namespace }));
  });
}

/**
 * Which live entry of a name is shown: the first. Of owners' objects the one written last; of two peers that claim
 * one name, the one with the older certificate.
 */
export function compareEntries(a: ObjectEntry, b: ObjectEntry): number {
  const [first, second] = [a.slots.get('object'), b.slots.get('object')];
  if (first === undefined || second === undefined) return compareTexts(a.id, b.id);
  if (first.body.class === 'peer' && second.body.class === 'peer' && a.writer !== b.writer) {
    const older = (first.certifiedAtMs ?? 0) - (second.certifiedAtMs ?? 0);
    return older || compareTexts(a.writer, b.writer);
  }
  return compareRecords(second, first);
}

/** The wall time a record bears; 0 for those of peers, whose order has no clock. */
export function wallMsOf({ body }: VerifiedRecord): number {
  if (body.class === 'owner') return body.order[0];
  const at = body.slot === 'tombstone' ? body.value['at'] : 0;
  return typeof at === 'number' ? at : 0;
}

export function isExpired(record: VerifiedRecord, nowMs: number): boolean {
  return record.body.slot === 'tombstone' && wallMsOf(record) + tombstoneLifeMs < nowMs;
}

function writerOf(body: RecordBody): string {
  return body.class === 'owner' ? `owner/${body.owner}` : `peer/${body.signer}`;
}
