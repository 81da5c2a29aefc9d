import { fromHex, toHex } from '../../lib/hex.ts';
import { decodeFields, encodeFields, isCount, type Fields } from '../codec.ts';
import { bucketCount, type RecordId } from './record-set.ts';

/** Bytes of a bucket's hash and of an id on the wire. */
const hashBytes = 16;
/** Ids in one message: 128 KiB. */
export const idsMax = 8192;
/** Bytes of records in one message; a single record may fill it alone. */
const batchBytesMax: number = 240 * 1024;
const batchRecordsMax = 1024;

/** The part of a bucket's ids that a message names. */
export interface BucketIds {
  readonly bucket: number;
  readonly ids: readonly RecordId[];
}

/**
 * digest: my set in one hash. same, buckets: the answer. ids: what I have in the buckets that differ; `isPartial`
 * when these are not all of them. have: you may want these; as the answer to `ids` all that you did not name.
 * want, records: asked for and given; `isEnd` on the last message of an answer. `isSyncing`: I started a while ago
 * and have not caught up, so that equality with me proves little.
 */
export type Message =
  | { readonly type: 'digest'; readonly isSyncing: boolean; readonly root: Uint8Array }
  | { readonly type: 'same'; readonly isSyncing: boolean }
  | {
      readonly type: 'buckets';
      readonly isSyncing: boolean;
      readonly root: Uint8Array;
      readonly hashes: Uint8Array;
    }
  | { readonly type: 'ids'; readonly isPartial: boolean; readonly buckets: readonly BucketIds[] }
  | {
      readonly type: 'have';
      readonly isAnswer: boolean;
      readonly isPartial: boolean;
      readonly ids: readonly RecordId[];
    }
  | { readonly type: 'want'; readonly ids: readonly RecordId[] }
  | { readonly type: 'records'; readonly isEnd: boolean; readonly records: readonly Uint8Array[] };

const types = ['digest', 'same', 'buckets', 'ids', 'have', 'want', 'records'] as const;

const bounds = {
  maxBytes: 300 * 1024,
  maxDepth: 2,
  maxItems: 4 + Math.max(2 * bucketCount, batchRecordsMax),
};

/** [type, flags, content] */
export function encodeMessage(message: Message): Uint8Array {
  return encodeFields([types.indexOf(message.type), ...contentOf(message)]);
}

function contentOf(message: Message): Fields {
  switch (message.type) {
    case 'digest':
      return [flags(message.isSyncing), message.root];
    case 'same':
      return [flags(message.isSyncing)];
    case 'buckets':
      return [flags(message.isSyncing), message.hashes, message.root];
    case 'ids':
      return [
        flags(message.isPartial),
        message.buckets.flatMap(({ bucket, ids }) => [bucket, pack(ids)]),
      ];
    case 'have':
      return [flags(message.isAnswer, message.isPartial), pack(message.ids)];
    case 'want':
      return [0, pack(message.ids)];
    case 'records':
      return [flags(message.isEnd), message.records];
    default:
      return message satisfies never;
  }
}

export function decodeMessage(bytes: Uint8Array): Message | undefined {
  const fields = decodeFields(bytes, bounds);
  if (fields === undefined || fields.length > 4) return undefined;
  const [typeIndex, bits, content, root] = fields;
  if (!isCount(typeIndex, types.length - 1) || !isCount(bits, 3)) return undefined;
  const [first, second] = [(bits & 1) !== 0, (bits & 2) !== 0];
  const type = types[typeIndex];
  switch (type) {
    case 'digest':
      return isBytes(content, 32) ? { type, isSyncing: first, root: content } : undefined;
    case 'same':
      return { type, isSyncing: first };
    case 'buckets':
      return isBytes(content, bucketCount * hashBytes) && isBytes(root, 32)
        ? { type, isSyncing: first, root, hashes: content }
        : undefined;
    case 'ids': {
      const buckets = unpackBuckets(content);
      return buckets === undefined ? undefined : { type, isPartial: first, buckets };
    }
    case 'have': {
      const ids = unpack(content);
      return ids === undefined ? undefined : { type, isAnswer: first, isPartial: second, ids };
    }
    case 'want': {
      const ids = unpack(content);
      return ids === undefined ? undefined : { type, ids };
    }
    case 'records':
      return Array.isArray(content) && content.every((each) => each instanceof Uint8Array)
        ? { type, isEnd: first, records: content as readonly Uint8Array[] }
        : undefined;
    default:
      return type satisfies undefined;
  }
}

/** All bucket hashes of a set, cut to what is compared. */
export function packHashes(hashOf: (bucket: number) => Uint8Array): Uint8Array {
  const packed = new Uint8Array(bucketCount * hashBytes);
  for (let bucket = 0; bucket < bucketCount; bucket++) {
    packed.set(hashOf(bucket).subarray(0, hashBytes), bucket * hashBytes);
  }
  return packed;
}

/** The buckets whose hashes differ between two results of `packHashes`. */
export function differingBuckets(mine: Uint8Array, theirs: Uint8Array): number[] {
  const differing: number[] = [];
  for (let i = 0; i < mine.length; i++) {
    if (mine[i] === theirs[i]) continue;
    const bucket = Math.floor(i / hashBytes);
    differing.push(bucket);
    i = (bucket + 1) * hashBytes - 1;
  }
  return differing;
}

/** Cuts records into messages, in order. The last one of an answer carries `isEnd`, and an answer has always one. */
export function* batchesOf(
  records: readonly Uint8Array[],
  isAnswer: boolean,
): Generator<Message, void, undefined> {
  let batch: Uint8Array[] = [];
  let bytes = 0;
  for (const record of records) {
    if (
      batch.length > 0 &&
      (bytes + record.length > batchBytesMax || batch.length >= batchRecordsMax)
    ) {
      yield { type: 'records', isEnd: false, records: batch };
      batch = [];
      bytes = 0;
    }
    batch.push(record);
    bytes += record.length;
  }
  if (isAnswer || batch.length > 0) yield { type: 'records', isEnd: isAnswer, records: batch };
}

function flags(first: boolean, second = false): number {
  return (first ? 1 : 0) | (second ? 2 : 0);
}

function isBytes(value: unknown, length: number): value is Uint8Array {
  return value instanceof Uint8Array && value.length === length;
}

function pack(ids: readonly RecordId[]): Uint8Array {
  return fromHex(ids.join('')) ?? new Uint8Array();
}

function unpack(value: unknown): RecordId[] | undefined {
  if (!(value instanceof Uint8Array) || value.length % hashBytes !== 0) return undefined;
  if (value.length > idsMax * hashBytes) return undefined;
  const digits = toHex(value);
  const ids: RecordId[] = [];
  for (let at = 0; at < digits.length; at += 2 * hashBytes)
    ids.push(digits.slice(at, at + 2 * hashBytes));
  return ids;
}

function unpackBuckets(value: unknown): BucketIds[] | undefined {
  if (!Array.isArray(value) || value.length % 2 !== 0) return undefined;
  const buckets = new Map<number, RecordId[]>();
  for (let i = 0; i < value.length; i += 2) {
    const bucket: unknown = value[i];
    const ids = unpack(value[i + 1]);
    if (!isCount(bucket, bucketCount - 1) || ids === undefined || buckets.has(bucket))
      return undefined;
    buckets.set(bucket, ids);
  }
  return [...buckets].map(([bucket, ids]) => ({ bucket, ids }));
}
