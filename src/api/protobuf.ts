import type { Json } from '../objects/json.ts';

/**
 * What a field of a message is: text, a number, a boolean, another message, or one of these repeated. Only the fields
 * that the API reads are listed; the rest is skipped, as protobuf wants it.
 */
type FieldType = 'string' | 'int' | 'bool' | MessageType | readonly ['string'];
interface MessageType {
  readonly [number: number]: readonly [name: string, type: FieldType];
}

const typeMeta: MessageType = { 1: ['apiVersion', 'string'], 2: ['kind', 'string'] };
const objectMeta: MessageType = {
  1: ['name', 'string'],
  2: ['generateName', 'string'],
  3: ['namespace', 'string'],
};
const resourceAttributes: MessageType = {
  1: ['namespace', 'string'],
  2: ['verb', 'string'],
  3: ['group', 'string'],
  4: ['version', 'string'],
  5: ['resource', 'string'],
  6: ['subresource', 'string'],
  7: ['name', 'string'],
};

/** k8s.io/api and k8s.io/apimachinery, generated.proto of each. */
const messages: Readonly<Record<string, MessageType>> = {
  'authorization.k8s.io/v1/SelfSubjectAccessReview': {
    1: ['metadata', objectMeta],
    2: [
      'spec',
      {
        1: ['resourceAttributes', resourceAttributes],
        2: ['nonResourceAttributes', { 1: ['path', 'string'], 2: ['verb', 'string'] }],
      },
    ],
  },
  'authorization.k8s.io/v1/SelfSubjectRulesReview': {
    1: ['metadata', objectMeta],
    2: ['spec', { 1: ['namespace', 'string'] }],
  },
  'authentication.k8s.io/v1/SelfSubjectReview': { 1: ['metadata', objectMeta] },
  'v1/DeleteOptions': {
    1: ['gracePeriodSeconds', 'int'],
    2: ['preconditions', { 1: ['uid', 'string'], 2: ['resourceVersion', 'string'] }],
    4: ['propagationPolicy', 'string'],
    5: ['dryRun', ['string']],
  },
};

const magic = Buffer.from('k8s\0', 'latin1');

/** Reads varints and length-delimited parts of bounded bytes; undefined means that the bytes are broken. */
class Reader {
  readonly #bytes: Uint8Array;
  #at = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  get isDone(): boolean {
    return this.#at >= this.#bytes.length;
  }

  varint(): number | undefined {
    let value = 0;
    for (let index = 0; index < 10; index++) {
      const byte = this.#bytes[this.#at];
      if (byte === undefined) return undefined;
      this.#at += 1;
      value += (byte & 0x7f) * 2 ** (7 * index);
      if (byte < 0x80) return value;
    }
    return undefined;
  }

  part(): Uint8Array | undefined {
    const length = this.varint();
    if (length === undefined || this.#at + length > this.#bytes.length) return undefined;
    this.#at += length;
    return this.#bytes.subarray(this.#at - length, this.#at);
  }

  skip(byteCount: number): boolean {
    this.#at += byteCount;
    return this.#at <= this.#bytes.length;
  }
}

const textOf = (bytes: Uint8Array): string => Buffer.from(bytes).toString('utf8');

/** `undefined` for broken bytes; the field numbers tell the depth, which is that of the tables above. */
function decode(bytes: Uint8Array, type: MessageType): Record<string, Json> | undefined {
  const reader = new Reader(bytes);
  const result: Record<string, Json> = {};
  while (!reader.isDone) {
    const tag = reader.varint();
    if (tag === undefined) return undefined;
    const [name, field] = type[Math.floor(tag / 8)] ?? [];
    const wire = tag % 8;
    if (wire === 2) {
      const part = reader.part();
      if (part === undefined) return undefined;
      if (name === undefined || field === undefined) continue;
      if (field === 'string') result[name] = textOf(part);
      else if (Array.isArray(field)) {
        result[name] = [...((result[name] as readonly Json[] | undefined) ?? []), textOf(part)];
      } else if (typeof field === 'object') {
        const inner = decode(part, field as MessageType);
        if (inner === undefined) return undefined;
        result[name] = inner;
      }
    } else if (wire === 0) {
      const value = reader.varint();
      if (value === undefined) return undefined;
      if (name !== undefined && field === 'int') result[name] = value;
      if (name !== undefined && field === 'bool') result[name] = value !== 0;
    } else if (!(wire === 1 && reader.skip(8)) && !(wire === 5 && reader.skip(4))) {
      return undefined;
    }
  }
  return result;
}

/**
 * Decodes `application/vnd.kubernetes.protobuf` (magic, runtime.Unknown, message), which typed clients have sent
 * since client-go 1.32. Answers with a reason for what is broken or of a kind that is not listed here.
 */
export function decodeProtobuf(
  bytes: Uint8Array,
): { readonly ok: Json } | { readonly reason: string } {
  if (!Buffer.from(bytes.subarray(0, 4)).equals(magic))
    return { reason: 'the protobuf magic is missing' };
  const envelope = new Reader(bytes.subarray(4));
  let meta: Record<string, Json> | undefined;
  let raw: Uint8Array = new Uint8Array();
  while (!envelope.isDone) {
    const tag = envelope.varint();
    const part = tag !== undefined && tag % 8 === 2 ? envelope.part() : undefined;
    if (part === undefined) return { reason: 'the protobuf envelope is broken' };
    if (tag === 10) meta = decode(part, typeMeta);
    if (tag === 18) raw = part;
  }
  const { apiVersion = '', kind = '' } = (meta ?? {}) as { apiVersion?: string; kind?: string };
  const type = messages[`${apiVersion}/${kind}`];
  if (type === undefined) {
    return { reason: `${kind} of ${apiVersion} is taken as JSON or YAML only` };
  }
  const object = decode(raw, type);
  if (object === undefined) return { reason: `the protobuf message of ${kind} is broken` };
  return { ok: { apiVersion, kind, ...object } };
}
