import jsonPatch from 'fast-json-patch';
import type { Operation } from 'fast-json-patch';

import type { Json, JsonObject } from '../objects/json.ts';
import { StatusError } from '../objects/status-error.ts';
import { badRequest } from './errors.ts';
import type { KindInfo } from './kind-info.ts';
import { isJsonList, isJsonObject } from './schema.ts';

export type PatchType = 'merge' | 'json';

const operationsMax = 1000;
/** A patch may copy a value into itself again and again; what comes of it stays below this. */
const resultBytesMax = 3 * 1024 * 1024;

/** JSON merge patch, RFC 7396. */
export function mergePatch(target: Json | undefined, patch: Json): Json {
  if (!isJsonObject(patch)) return patch;
  const result: Record<string, Json | undefined> = isJsonObject(target) ? { ...target } : {};
  for (const [name, change] of Object.entries(patch)) {
    if (change === null || change === undefined) delete result[name];
    else result[name] = mergePatch(result[name], change);
  }
  return result;
}

function applyJsonPatch(target: Json, patch: Json): Json {
  if (!isJsonList(patch)) throw badRequest('a JSON patch is a list of operations');
  if (patch.length > operationsMax) {
    throw new StatusError(
      'RequestEntityTooLarge',
      `a JSON patch has at most ${operationsMax} operations`,
    );
  }
  let document = structuredClone(target);
  patch.forEach((operation, index) => {
    try {
      const step = operation as unknown as Operation;
      document = jsonPatch.applyOperation(document, step, true, true, true, index)
        .newDocument as Json;
    } catch (error) {
      const why = (error as Error).message.split('\n')[0];
      throw new StatusError(
        'Invalid',
        `the JSON patch cannot be applied: operation ${index}: ${why}`,
      );
    }
    const isCopy = isJsonObject(operation) && operation['op'] === 'copy';
    if (isCopy && JSON.stringify(document).length > resultBytesMax) {
      throw new StatusError('RequestEntityTooLarge', 'the JSON patch copies too much');
    }
  });
  return document;
}

/** The kind of patch that a media type announces; 415 for those that are not offered. */
export function patchTypeOf(kind: KindInfo, mediaType: string): PatchType {
  if (mediaType === 'application/merge-patch+json') return 'merge';
  if (mediaType === 'application/json-patch+json') return 'json';
  const accepted = 'application/json-patch+json, application/merge-patch+json';
  const why =
    mediaType === 'application/apply-patch+yaml' || mediaType === 'application/apply-patch+cbor'
      ? `server-side apply of ${kind.kind} is not offered yet; apply without --server-side`
      : 'the body of the request was in an unknown format';
  throw new StatusError(
    'UnsupportedMediaType',
    `${why} - accepted media types include: ${accepted}`,
  );
}

/** `target` after the patch; it is not changed itself. */
export const applyPatch = (type: PatchType, target: JsonObject, patch: Json): Json =>
  type === 'merge' ? mergePatch(target, patch) : applyJsonPatch(target, patch);
