import { encode } from 'cborg';
import { decodeBounded } from '../lib/bounded-cbor.ts';
import { fromHex, toHex } from '../lib/hex.ts';
import { isLabel } from '../trust/names.ts';
import { cloudBytes, isKey, isTimeMs } from '../trust/fields.ts';
import { peerIdFromPublicKey, publicKeyFromPeerId } from '../trust/peer-id.ts';
import { maxAncestors, maxBodyItems, maxRecordBytes, maxValueDepth } from './bounds.ts';
import type { CloudId, KindKey, OwnerName, Uid } from '../objects/ids.ts';
import type { Json, JsonObject } from '../objects/json.ts';
import type { RecordBody, Slot } from './record.ts';

/** The version that `decodeBody` reads and `encodeBody` writes; a change of the array's shape is another version. */
const bodyVersion = 1;

export interface Envelope {
  /** What was signed. */
  readonly body: Uint8Array;
  readonly signature: Uint8Array;
  /** The owner's certificate, then the delegation (class owner) or the peer's certificate (class peer). */
  readonly chain: readonly [Uint8Array, Uint8Array];
}

const envelopeBounds = { maxBytes: maxRecordBytes, maxDepth: 1, maxItems: 5 };
// The value sits one level deep in the body's array.
const bodyBounds = {
  maxBytes: maxRecordBytes,
  maxDepth: maxValueDepth + 1,
  maxItems: maxBodyItems,
};

const kindKey = /^([a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?)?\/[A-Z][A-Za-z0-9]{0,62}$/;
const objectName = /^[a-z0-9]([-a-z0-9.:]{0,251}[a-z0-9])?$/;
const uidText = /^[A-Za-z0-9-]{1,64}$/;
const finalizerSlot = /^finalizer\/[A-Za-z0-9]([-A-Za-z0-9._/]{0,250}[A-Za-z0-9])?$/;

export function encodeEnvelope(envelope: Envelope): Uint8Array {
  return encode([envelope.body, envelope.signature, ...envelope.chain]);
}

export function decodeEnvelope(bytes: Uint8Array): Envelope | undefined {
  const parts = decodeBounded(bytes, envelopeBounds);
  if (!Array.isArray(parts) || parts.length !== 4) return undefined;
  const [body, signature, issuer, subject] = parts as readonly unknown[];
  if (!(body instanceof Uint8Array) || !(signature instanceof Uint8Array)) return undefined;
  if (!(issuer instanceof Uint8Array) || !(subject instanceof Uint8Array)) return undefined;
  return signature.length === 64 ? { body, signature, chain: [issuer, subject] } : undefined;
}

/** Positional cborg array; ids and hashes travel as bytes. */
export function encodeBody(body: RecordBody): Uint8Array {
  return encode(
    [
      body.version,
      cloudBytes(body.cloud),
      body.class === 'owner' ? 0 : 1,
      body.kind,
      body.namespace,
      body.name,
      body.uid,
      body.slot,
      ...body.order,
      body.base === null ? null : fromHex(body.base),
      fromHex(body.lineage.join('')),
      body.scope,
      body.owner,
      publicKeyFromPeerId(body.signer),
      body.value,
    ],
    { ignoreUndefinedProperties: true },
  );
}

/** `version` when it was written by a release with another format; undefined when it is no body at all. */
export function decodeBody(bytes: Uint8Array): RecordBody | 'version' | undefined {
  const parts = decodeBounded(bytes, bodyBounds);
  if (!Array.isArray(parts) || !Number.isSafeInteger(parts[0])) return undefined;
  if (parts[0] !== bodyVersion) return 'version';
  if (parts.length !== 16) return undefined;
  const [, cloud, recordClass, kind, namespace, name, uid, slot, ...rest] = parts as unknown[];
  const [major, minor, base, lineage, scope, owner, signer, value] = rest;
  if (!isKey(cloud) || !isKey(signer)) return undefined;
  if (recordClass !== 0 && recordClass !== 1) return undefined;
  if (!isText(kind, kindKey) || !isText(name, objectName) || !isText(uid, uidText))
    return undefined;
  if (namespace !== '' && !isLabel(namespace)) return undefined;
  if (!isSlot(slot) || !isTimeMs(major) || !isTimeMs(minor)) return undefined;
  if (base !== null && !isKey(base)) return undefined;
  if (!(lineage instanceof Uint8Array) || lineage.length % 8 !== 0) return undefined;
  if (lineage.length > 8 * (maxAncestors - 1) || (base === null && lineage.length > 0))
    return undefined;
  if (scope !== 'cloud' && !isText(scope, uidText)) return undefined;
  if (!isLabel(owner) || !isValue(slot, value)) return undefined;
  const history = toHex(lineage);
  return {
    version: bodyVersion,
    cloud: toHex(cloud) as CloudId,
    class: recordClass === 0 ? 'owner' : 'peer',
    kind: kind as KindKey,
    namespace,
    name,
    uid: uid as Uid,
    slot,
    order: [major, minor],
    base: base === null ? null : toHex(base),
    lineage: Array.from({ length: lineage.length / 8 }, (_, i) =>
      history.slice(16 * i, 16 * i + 16),
    ),
    scope,
    owner: owner as OwnerName,
    signer: peerIdFromPublicKey(signer),
    value,
  };
}

/** Only what every reader relies on: the schema of a kind is checked where a write is admitted. */
function isValue(slot: Slot, value: unknown): value is JsonObject {
  if (!isObject(value) || !isJson(value)) return false;
  if (slot === 'deleting' || slot === 'tombstone') return isTimeMs(value['at']);
  if (slot !== 'object') return typeof value['present'] === 'boolean';
  return ['metadata', 'spec', 'status'].every(
    (key) => value[key] === undefined || isObject(value[key]),
  );
}

function isSlot(slot: unknown): slot is Slot {
  return (
    slot === 'object' || slot === 'deleting' || slot === 'tombstone' || isText(slot, finalizerSlot)
  );
}

function isText(value: unknown, shape: RegExp): value is string {
  return typeof value === 'string' && value.length <= 320 && shape.test(value);
}

function isObject(value: unknown): value is JsonObject {
  return (
    typeof value === 'object' &&
    value !== null &&
    !Array.isArray(value) &&
    !(value instanceof Uint8Array)
  );
}

/** The depth was bounded before decoding, so this may recurse. */
function isJson(value: unknown): value is Json {
  if (value === null || typeof value !== 'object')
    return typeof value !== 'bigint' && value !== undefined;
  if (value instanceof Uint8Array) return false;
  return Object.values(value).every(isJson);
}
