import { LineCounter, isNode, parseAllDocuments, parseDocument } from 'yaml';
import type { Document, Tags } from 'yaml';

import type { Json, JsonObject } from '../objects/json.ts';

/** One object of a manifest file, and where it stands there. */
export interface ManifestObject {
  readonly object: JsonObject;
  readonly file: string;
  /** Line of the document's first entry, counted from 1. */
  readonly line: number;
  /** Line of a field such as `spec.where.matchLabels` or `spec.rank.by[0]`; of its nearest known parent otherwise. */
  lineOf(field: string): number;
}

/** What is wrong with a manifest, and where. */
export class ManifestError extends Error {
  override readonly name = 'ManifestError';
  readonly file: string;
  readonly line: number;

  constructor(file: string, line: number, reason: string, options?: ErrorOptions) {
    super(`${file}:${line}: ${reason}`, options);
    this.file = file;
    this.line = line;
  }
}

export const manifestBytesMax: number = 10 << 20;
const documentsMax = 10_000;
const depthMax = 100;

/**
 * The scalars that kubectl (goyaml v2) reads: YAML 1.1 without base-60 numbers and without timestamps, both of which
 * stay strings there: `22:30` and `2026-01-01` mean what they look like.
 */
const asKubectl = (tags: Tags): Tags =>
  tags.filter((tag) => {
    if (typeof tag === 'string') return true;
    const format = 'format' in tag ? tag.format : undefined;
    return format !== 'TIME' && !tag.tag.endsWith(':timestamp');
  });

/** `spec.rank.by[0].attribute` as the path of an AST. */
const toPath = (field: string): (string | number)[] =>
  [...field.matchAll(/\[(\d+)\]|\["?([^\]"]+)"?\]|([^.[\]]+)/g)].map(([, index, key, name]) =>
    index === undefined ? (key ?? name)! : Number(index),
  );

function check(value: Json, depth: number): string | undefined {
  if (typeof value === 'number' && !Number.isFinite(value)) return 'a number is infinite or none';
  if (typeof value !== 'object' || value === null) return undefined;
  if (depth > depthMax) return `nested more than ${depthMax} levels deep`;
  for (const child of Object.values(value)) {
    const wrong = child === undefined ? undefined : check(child, depth + 1);
    if (wrong !== undefined) return wrong;
  }
  return undefined;
}

function objectOf(
  document: Document,
  file: string,
  lines: LineCounter,
): ManifestObject | undefined {
  const lineAt = (offset: number | undefined): number =>
    Math.max(1, lines.linePos(offset ?? 0).line);
  const [error] = document.errors;
  if (error !== undefined) {
    throw new ManifestError(file, lineAt(error.pos[0]), error.message.split(' at line ')[0]!, {
      cause: error,
    });
  }
  if (document.contents === null) return undefined;
  const line = lineAt(isNode(document.contents) ? document.contents.range?.[0] : 0);
  let value: Json;
  try {
    value = document.toJS({ maxAliasCount: 100 }) as Json;
  } catch (cause) {
    throw new ManifestError(file, line, (cause as Error).message, { cause });
  }
  if (value === null) return undefined;
  const wrong = check(value, 0);
  if (wrong !== undefined) throw new ManifestError(file, line, wrong);
  if (typeof value !== 'object' || Array.isArray(value)) {
    throw new ManifestError(
      file,
      line,
      'not an object: a manifest begins with apiVersion and kind',
    );
  }
  const lineOf = (field: string): number => {
    for (let path = toPath(field); path.length > 0; path = path.slice(0, -1)) {
      const node = document.getIn(path, true);
      if (isNode(node) && node.range) return lineAt(node.range[0]);
    }
    return line;
  };
  return { object: value as JsonObject, file, line, lineOf };
}

/** Reads one value, of any type: YAML as kubectl reads it, or JSON. Throws a ManifestError; bounded as a manifest is. */
export function parseValue(text: string, file: string): Json {
  if (Buffer.byteLength(text) > manifestBytesMax) {
    throw new ManifestError(file, 1, `larger than ${manifestBytesMax >> 20} MiB`);
  }
  const lines = new LineCounter();
  const document = parseDocument(text, {
    version: '1.1',
    customTags: asKubectl,
    lineCounter: lines,
    uniqueKeys: true,
    logLevel: 'silent',
  });
  const [error] = document.errors;
  if (error !== undefined) {
    const line = Math.max(1, lines.linePos(error.pos[0]).line);
    throw new ManifestError(file, line, error.message.split(' at line ')[0]!, { cause: error });
  }
  let value: Json;
  try {
    value = document.toJS({ maxAliasCount: 100 }) as Json;
  } catch (cause) {
    throw new ManifestError(file, 1, (cause as Error).message, { cause });
  }
  const wrong = check(value, 0);
  if (wrong !== undefined) throw new ManifestError(file, 1, wrong);
  return value;
}

/** The members of a `kind: List` stand for themselves. */
function unfold(found: ManifestObject): readonly ManifestObject[] {
  const { items, kind } = found.object;
  if (kind !== 'List' || !Array.isArray(items)) return [found];
  return (items as readonly Json[]).map((item, index) => {
    const line = found.lineOf(`items[${index}]`);
    if (typeof item !== 'object' || item === null || Array.isArray(item)) {
      throw new ManifestError(found.file, line, 'an item of a List is not an object');
    }
    const lineOf = (field: string): number => found.lineOf(`items[${index}].${field}`);
    return { object: item as JsonObject, file: found.file, line, lineOf };
  });
}

function requireField(found: ManifestObject, field: string, value: Json | undefined): void {
  if (typeof value === 'string' && value !== '') return;
  const problem =
    value === undefined || value === null || value === '' ? 'is missing' : 'is not a string';
  throw new ManifestError(found.file, found.line, `${field} ${problem}`);
}

/**
 * Reads the objects of a manifest: YAML as kubectl reads it, or JSON; many documents, Lists unfolded. Every object
 * has apiVersion, kind and metadata.name. Throws a ManifestError at the first that is wrong; bounded in bytes,
 * documents, depth and aliases.
 */
export function parseManifest(text: string, file: string): readonly ManifestObject[] {
  if (Buffer.byteLength(text) > manifestBytesMax) {
    throw new ManifestError(file, 1, `larger than ${manifestBytesMax >> 20} MiB`);
  }
  const lines = new LineCounter();
  const documents = parseAllDocuments(text, {
    version: '1.1',
    customTags: asKubectl,
    lineCounter: lines,
    uniqueKeys: true,
    logLevel: 'silent',
  });
  if (!Array.isArray(documents)) return [];
  if (documents.length > documentsMax) {
    throw new ManifestError(file, 1, `more than ${documentsMax} documents`);
  }
  const found = (documents as Document[]).flatMap((document) => {
    const object = objectOf(document, file, lines);
    return object === undefined ? [] : unfold(object);
  });
  for (const manifest of found) {
    requireField(manifest, 'apiVersion', manifest.object['apiVersion']);
    requireField(manifest, 'kind', manifest.object['kind']);
    const metadata = manifest.object['metadata'] as JsonObject | null | undefined;
    requireField(manifest, 'metadata.name', metadata?.['name']);
  }
  return found;
}
