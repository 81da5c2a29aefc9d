import { canonicalJson } from '../lib/canonical-json.ts';
import { toHex } from '../lib/hex.ts';
import { compareTexts } from './record-order.ts';
import type { Crypto } from '../lib/crypto.ts';
import type { KindKey, OwnerName, PeerId, Uid } from '../objects/ids.ts';
import type { Json, JsonObject } from '../objects/json.ts';
import type { ApiObject, ObjectMeta, OwnerReference } from '../objects/object.ts';
import type { Slot, VerifiedRecord } from './record.ts';

/** An object as its slots make it, with what its readers need to know of its records. */
export interface StoredObject {
  readonly kind: KindKey;
  readonly namespace: string;
  readonly name: string;
  readonly uid: Uid;
  /**
   * Metadata, spec and status as replicated; generation and resourceVersion are not. The shape of spec and status is
   * what its writer wrote: the schema was checked where it was admitted, which may have been a hostile peer.
   */
  readonly object: ApiObject;
  readonly owner: OwnerName;
  /** Who signed the object slot. */
  readonly signer: PeerId;
  readonly scope: string;
  /** Of the object slot's record: what the next write is based on. */
  readonly hash: string;
  readonly order: readonly [number, number];
  /** First 32 digits of the SHA-256 of the spec's canonical JSON. */
  readonly specHash: string;
  /** It is being deleted and no finalizer is left: whoever may write for its owner should write the tombstone. */
  readonly finished: boolean;
}

/** Puts the slots of one object together; undefined while its object slot is not there. */
export function assemble(
  slots: ReadonlyMap<Slot, VerifiedRecord>,
  crypto: Crypto,
): StoredObject | undefined {
  const record = slots.get('object');
  if (record === undefined) return undefined;
  const { kind, namespace, name, uid, owner, signer, scope, order, value } = record.body;
  const deleting = slots.get('deleting');
  const finalizers: string[] = [];
  for (const [slot, each] of slots) {
    if (slot.startsWith('finalizer/') && each.body.value['present'] === true) {
      finalizers.push(slot.slice('finalizer/'.length));
    }
  }
  const metadata = asObject(value['metadata']);
  const creation = metadata['creationTimestamp'];
  const labels = texts(metadata['labels']);
  const annotations = texts(metadata['annotations']);
  const references = ownerReferences(metadata['ownerReferences']);
  const meta: ObjectMeta = {
    name,
    ...(namespace === '' ? {} : { namespace }),
    uid,
    creationTimestamp: typeof creation === 'string' ? creation : timeOf(record),
    ...(labels === undefined ? {} : { labels }),
    ...(annotations === undefined ? {} : { annotations }),
    ...(references.length === 0 ? {} : { ownerReferences: references }),
    ...(finalizers.length === 0 ? {} : { finalizers: finalizers.toSorted(compareTexts) }),
    ...(deleting === undefined ? {} : { deletionTimestamp: timeOf(deleting) }),
  };
  const [group, kindName = ''] = kind.split('/');
  const apiVersion = value['apiVersion'];
  const object: ApiObject = {
    ...without(value, ['metadata', 'apiVersion', 'kind']),
    apiVersion:
      typeof apiVersion === 'string' ? apiVersion : group === '' ? 'v1' : `${group}/v1alpha1`,
    kind: kindName,
    metadata: meta,
  };
  return {
    kind,
    namespace,
    name,
    uid,
    object,
    owner,
    signer,
    scope,
    hash: record.hash,
    order,
    specHash: specHashOf(value['spec'], crypto),
    finished: deleting !== undefined && finalizers.length === 0,
  };
}

/** What claims and instances name when they say which spec they acted on. */
function specHashOf(spec: Json | undefined, crypto: Crypto): string {
  const text = new TextEncoder().encode(canonicalJson(spec ?? null));
  return toHex(crypto.hash(text)).slice(0, 32);
}

/** Metadata that other slots hold, that the record's own fields say, or that is local to a serving peer. */
const notInValue = [
  'name',
  'namespace',
  'uid',
  'finalizers',
  'deletionTimestamp',
  'generation',
  'resourceVersion',
];

/** The value of an object slot: what of an object is replicated in it. Finalizers have slots of their own. */
export function objectValue(object: ApiObject): JsonObject {
  const { metadata, ...content } = object as unknown as JsonObject;
  return {
    ...without(content, ['kind']),
    metadata: without(asObject(metadata), notInValue),
  };
}

/** References that have every field a reader relies on; a malformed one refers to nothing. */
export function ownerReferences(value: Json | undefined): readonly OwnerReference[] {
  if (!Array.isArray(value)) return [];
  return (value as readonly Json[]).filter((each) => {
    const reference = asObject(each);
    return ['apiVersion', 'kind', 'name', 'uid'].every((key) => typeof reference[key] === 'string');
  }) as unknown as readonly OwnerReference[];
}

/** Kubernetes' time: RFC 3339 in whole seconds. */
function timeOf({ body }: VerifiedRecord): string {
  const at = body.value['at'];
  const ms = typeof at === 'number' ? at : body.class === 'owner' ? body.order[0] : 0;
  return new Date(ms).toISOString().replace(/\.\d+Z$/, 'Z');
}

function texts(value: Json | undefined): Readonly<Record<string, string>> | undefined {
  const entries = Object.entries(asObject(value)).filter(
    (entry): entry is [string, string] => typeof entry[1] === 'string',
  );
  return entries.length === 0 ? undefined : Object.fromEntries(entries);
}

function asObject(value: Json | undefined): JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
    ? (value as JsonObject)
    : {};
}

function without(value: JsonObject, keys: readonly string[]): JsonObject {
  return Object.fromEntries(Object.entries(value).filter(([key]) => !keys.includes(key)));
}
