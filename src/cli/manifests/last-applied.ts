import { canonicalJson } from '../../lib/canonical-json.ts';
import type { Json, JsonObject } from '../../objects/json.ts';

/** The annotation in which client-side apply keeps what was applied last; kubectl reads and writes the same. */
export const lastAppliedAnnotation = 'kubectl.kubernetes.io/last-applied-configuration';

/** Go's encoder escapes these in every string; an annotation that differs in one byte reads as a change. */
const escapes: Readonly<Record<string, string>> = {
  '<': '\\u003c',
  '>': '\\u003e',
  '&': '\\u0026',
  '\u2028': '\\u2028',
  '\u2029': '\\u2029',
};
const encode = (value: Json): string =>
  canonicalJson(value).replace(/[<>&\u2028\u2029]/g, (found) => escapes[found]!);

const part = (object: JsonObject | undefined, key: string): JsonObject =>
  (object?.[key] ?? {}) as JsonObject;

/** The object with itself in the annotation, byte for byte as kubectl writes it: keys sorted, a newline at the end. */
export function withLastApplied(object: JsonObject): JsonObject {
  const metadata = part(object, 'metadata');
  const { [lastAppliedAnnotation]: _, ...annotations } = part(metadata, 'annotations');
  const bare = { ...object, metadata: { ...metadata, annotations } };
  const text = `${encode(bare)}\n`;
  return {
    ...object,
    metadata: { ...metadata, annotations: { ...annotations, [lastAppliedAnnotation]: text } },
  };
}

/** What was applied last to a live object; nothing when it was made by other means or the annotation is no JSON. */
export function lastApplied(object: JsonObject): JsonObject | undefined {
  const text = part(part(object, 'metadata'), 'annotations')[lastAppliedAnnotation];
  if (typeof text !== 'string') return undefined;
  try {
    const value = JSON.parse(text) as Json;
    return typeof value === 'object' && value !== null ? (value as JsonObject) : undefined;
  } catch {
    return undefined;
  }
}
