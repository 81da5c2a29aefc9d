import type { Json, JsonObject } from '../objects/json.ts';

const isObject = (value: Json | undefined): value is JsonObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** Deep equality of JSON values; the order of keys does not count, a key with undefined is absent. */
export function isEqualJson(left: Json | undefined, right: Json | undefined): boolean {
  if (left === right) return true;
  if (Array.isArray(left) && Array.isArray(right)) {
    const other = right as readonly Json[];
    return (
      left.length === other.length &&
      (left as readonly Json[]).every((item, index) => isEqualJson(item, other[index]))
    );
  }
  if (!isObject(left) || !isObject(right)) return false;
  const keys = new Set([...Object.keys(left), ...Object.keys(right)]);
  return [...keys].every((key) => isEqualJson(left[key], right[key]));
}

/** Applies a merge patch (RFC 7396). */
export function applyMergePatch(target: Json | undefined, patch: Json): Json {
  if (!isObject(patch)) return patch;
  const result: Record<string, Json | undefined> = isObject(target) ? { ...target } : {};
  for (const [key, value] of Object.entries(patch)) {
    if (value === null || value === undefined) delete result[key];
    else result[key] = applyMergePatch(result[key], value);
  }
  return result;
}

function threeWay(original: JsonObject, modified: JsonObject, current: JsonObject): JsonObject {
  const patch: Record<string, Json> = {};
  for (const [key, wish] of Object.entries(modified)) {
    if (wish === undefined) continue;
    const now = current[key];
    if (wish === null) {
      if (now !== undefined) patch[key] = null;
      continue;
    }
    if (isObject(wish) && isObject(now)) {
      const before = original[key];
      const inner = threeWay(isObject(before) ? before : {}, wish, now);
      if (Object.keys(inner).length > 0) patch[key] = inner;
    } else if (!isEqualJson(wish, now)) patch[key] = wish;
  }
  for (const key of Object.keys(original)) {
    const wasMine = original[key] !== undefined && modified[key] === undefined;
    if (wasMine && current[key] !== undefined) patch[key] = null;
  }
  return patch;
}

/**
 * The merge patch that makes `current` what a user wants: everything in `modified` is set, everything that the user
 * had set before (`original`) and no longer sets is removed, everything else, set by others, stays. This is kubectl's
 * client-side apply for kinds without a strategic merge: lists are replaced as a whole.
 */
export function threeWayMergePatch(
  original: JsonObject,
  modified: JsonObject,
  current: JsonObject,
): JsonObject {
  return threeWay(original, modified, current);
}
