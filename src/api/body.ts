import type { IncomingMessage } from 'node:http';

import type { Json } from '../objects/json.ts';
import { StatusError } from '../objects/status-error.ts';
import { badRequest } from './errors.ts';
import { decodeProtobuf } from './protobuf.ts';
import { parseYamlBody } from './yaml-body.ts';

/** As Kubernetes has it. */
const bodyBytesMax = 3 * 1024 * 1024;
/** YAML takes a hundred times as long to read as JSON, and while it is read nothing else is served. */
const yamlBytesMax = 128 * 1024;
const depthMax = 64;

const tooLarge = (maxBytes: number): StatusError =>
  new StatusError(
    'RequestEntityTooLarge',
    `the body has more than ${maxBytes / 1024} KiB; split it, or put big files elsewhere`,
  );

/** The whole body. A client that sends more than the bound is not listened to any further. */
export async function readBody(incoming: IncomingMessage): Promise<Buffer> {
  const announced = Number(incoming.headers['content-length'] ?? 0);
  if (announced > bodyBytesMax) throw tooLarge(bodyBytesMax);
  const chunks: Buffer[] = [];
  let byteCount = 0;
  for await (const chunk of incoming as AsyncIterable<Buffer>) {
    byteCount += chunk.length;
    if (byteCount > bodyBytesMax) throw tooLarge(bodyBytesMax);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

/** Refuses what would overflow a recursion or reach a prototype; walks without recursion itself. */
function refuseHostile(root: Json): void {
  let level: readonly Json[] = [root];
  for (let depth = 0; level.length > 0; depth++) {
    if (depth > depthMax) throw badRequest(`the body is nested more than ${depthMax} levels deep`);
    const next: Json[] = [];
    for (const value of level) {
      if (typeof value !== 'object' || value === null) continue;
      if (Object.hasOwn(value, '__proto__')) throw badRequest('a field may not be named __proto__');
      for (const member of Object.values(value)) {
        if (typeof member === 'object' && member !== null) next.push(member as Json);
      }
    }
    level = next;
  }
}

function parseJson(text: string): Json {
  try {
    return JSON.parse(text) as Json;
  } catch (error) {
    throw badRequest(`the body is not JSON: ${(error as Error).message}`);
  }
}

function parseYaml(text: string): Json {
  if (text.length > yamlBytesMax) throw tooLarge(yamlBytesMax);
  const parsed = parseYamlBody(text);
  if ('ok' in parsed) return parsed.ok;
  throw badRequest(`the body is not one YAML document: ${parsed.reason}`);
}

/** `application/json; charset=utf-8` → `application/json`; a body without a type is taken for JSON. */
export const mediaTypeOf = (incoming: IncomingMessage): string =>
  (incoming.headers['content-type'] ?? 'application/json').split(';')[0]!.trim().toLowerCase();

const isJsonType = (type: string): boolean => type === 'application/json' || type.endsWith('+json');
const isYamlType = (type: string): boolean => type === 'application/yaml' || type.endsWith('+yaml');

/** Parses a body by its media type. Undefined for an empty one. */
export function parseBody(bytes: Buffer, mediaType: string): Json | undefined {
  if (bytes.length === 0) return undefined;
  let value: Json;
  if (mediaType === 'application/vnd.kubernetes.protobuf') {
    const decoded = decodeProtobuf(bytes);
    if ('reason' in decoded) throw new StatusError('UnsupportedMediaType', decoded.reason);
    value = decoded.ok;
  } else if (isJsonType(mediaType)) value = parseJson(bytes.toString('utf8'));
  else if (isYamlType(mediaType)) value = parseYaml(bytes.toString('utf8'));
  else {
    throw new StatusError(
      'UnsupportedMediaType',
      `the body of the request was in an unknown format - accepted media types include: application/json, application/yaml; it is ${mediaType}`,
    );
  }
  refuseHostile(value);
  return value;
}
