import type { FieldIssue } from '../objects/field-issue.ts';
import type { Json, JsonObject } from '../objects/json.ts';
import { isDnsSubdomain, isLabelKey, isLabelValue } from '../objects/names.ts';
import type { OwnerReference } from '../objects/object.ts';
import { isJsonList, isJsonObject } from './schema.ts';
import type { UnknownField } from './schema.ts';

const labelsMax = 64;
const annotationsMax = 64;
const annotationsBytesMax = 128 * 1024;
const finalizersMax = 16;
const ownersMax = 16;

const known = [
  'name',
  'generateName',
  'namespace',
  'labels',
  'annotations',
  'finalizers',
  'ownerReferences',
  'uid',
  'resourceVersion',
  'generation',
  'creationTimestamp',
  'deletionTimestamp',
  'deletionGracePeriodSeconds',
  'managedFields',
  'selfLink',
];
const ownerKnown = ['apiVersion', 'kind', 'name', 'uid', 'controller', 'blockOwnerDeletion'];

/** The part of ObjectMeta that a client may set or that a write is checked against. */
export interface MetadataInput {
  readonly name: string | undefined;
  readonly generateName: string | undefined;
  readonly namespace: string | undefined;
  readonly uid: string | undefined;
  readonly resourceVersion: string | undefined;
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
  readonly finalizers: readonly string[];
  readonly ownerReferences: readonly OwnerReference[];
}

/** Collects what is wrong while metadata is read. */
export interface MetadataProblems {
  readonly issues: FieldIssue[];
  readonly unknown: UnknownField[];
}

const wrongType = (field: string, wanted: string): FieldIssue => ({
  field,
  reason: 'FieldValueTypeInvalid',
  message: `Invalid value: ${field} must be of type ${wanted}`,
});
const invalid = (field: string, value: string, why: string): FieldIssue => ({
  field,
  reason: 'FieldValueInvalid',
  message: `Invalid value: ${JSON.stringify(value)}: ${why}`,
});

function readText(metadata: JsonObject, name: string, issues: FieldIssue[]): string | undefined {
  const value = metadata[name];
  if (value === undefined || value === null || value === '') return undefined;
  if (typeof value === 'string') return value;
  issues.push(wrongType(`metadata.${name}`, 'string'));
  return undefined;
}

function readMap(
  metadata: JsonObject,
  name: 'labels' | 'annotations',
  issues: FieldIssue[],
): Record<string, string> {
  const value = metadata[name];
  const result: Record<string, string> = {};
  if (value === undefined || value === null) return result;
  if (!isJsonObject(value)) {
    issues.push(wrongType(`metadata.${name}`, 'object'));
    return result;
  }
  const max = name === 'labels' ? labelsMax : annotationsMax;
  if (Object.keys(value).length > max) {
    issues.push({
      field: `metadata.${name}`,
      reason: 'FieldValueTooMany',
      message: `Too many: must have at most ${max} items`,
    });
    return result;
  }
  let bytes = 0;
  for (const [key, item] of Object.entries(value)) {
    if (item === null) continue;
    if (typeof item !== 'string') {
      issues.push(wrongType(`metadata.${name}[${key}]`, 'string; quote it'));
      continue;
    }
    if (!isLabelKey(key)) {
      issues.push(
        invalid(
          `metadata.${name}`,
          key,
          "a key has letters, digits, '-', '_' and '.', perhaps after a DNS prefix and '/'",
        ),
      );
    }
    if (name === 'labels' && !isLabelValue(item)) {
      issues.push(
        invalid(
          `metadata.labels[${key}]`,
          item,
          "a label's value has at most 63 letters, digits, '-', '_' and '.'",
        ),
      );
    }
    bytes += key.length + item.length;
    result[key] = item;
  }
  if (bytes > annotationsBytesMax) {
    issues.push({
      field: `metadata.${name}`,
      reason: 'FieldValueTooLong',
      message: `Too long: may not be more than ${annotationsBytesMax} bytes`,
    });
  }
  return result;
}

function readFinalizers(value: Json | undefined, issues: FieldIssue[]): readonly string[] {
  if (value === undefined || value === null) return [];
  if (!isJsonList(value)) {
    issues.push(wrongType('metadata.finalizers', 'array'));
    return [];
  }
  if (value.length > finalizersMax) {
    issues.push({
      field: 'metadata.finalizers',
      reason: 'FieldValueTooMany',
      message: `Too many: must have at most ${finalizersMax} items`,
    });
    return [];
  }
  const found = new Set<string>();
  value.forEach((item, index) => {
    const field = `metadata.finalizers[${index}]`;
    if (typeof item !== 'string') issues.push(wrongType(field, 'string'));
    else if (!isLabelKey(item) || !item.includes('/')) {
      issues.push(invalid(field, item, 'a finalizer is named example.org/name'));
    } else found.add(item);
  });
  return [...found];
}

function readOwners(
  value: Json | undefined,
  problems: MetadataProblems,
): readonly OwnerReference[] {
  if (value === undefined || value === null) return [];
  if (!isJsonList(value) || value.length > ownersMax) {
    problems.issues.push(wrongType('metadata.ownerReferences', `array of at most ${ownersMax}`));
    return [];
  }
  return value.flatMap((item, index): OwnerReference[] => {
    const field = `metadata.ownerReferences[${index}]`;
    if (!isJsonObject(item)) {
      problems.issues.push(wrongType(field, 'object'));
      return [];
    }
    for (const name of Object.keys(item)) {
      if (!ownerKnown.includes(name))
        problems.unknown.push({ field: `${field}.${name}`, name, known: ownerKnown });
    }
    const missing = ['apiVersion', 'kind', 'name', 'uid'].filter(
      (name) => typeof item[name] !== 'string' || item[name] === '',
    );
    for (const name of missing) {
      problems.issues.push({
        field: `${field}.${name}`,
        reason: 'FieldValueRequired',
        message: 'Required value',
      });
    }
    if (missing.length > 0) return [];
    const { apiVersion, kind, name, uid } = item as unknown as OwnerReference;
    return [
      { apiVersion, kind, name, uid, ...(item['controller'] === true ? { controller: true } : {}) },
    ];
  });
}

/** Reads ObjectMeta as a client sent it; what the server sets (uid, times, generation) is only looked at. */
export function readMetadata(value: Json | undefined, problems: MetadataProblems): MetadataInput {
  const { issues, unknown } = problems;
  if (value !== undefined && value !== null && !isJsonObject(value)) {
    issues.push(wrongType('metadata', 'object'));
  }
  const metadata = isJsonObject(value) ? value : {};
  for (const name of Object.keys(metadata)) {
    if (!known.includes(name)) unknown.push({ field: `metadata.${name}`, name, known });
  }
  const name = readText(metadata, 'name', issues);
  const generateName = readText(metadata, 'generateName', issues);
  const isPrefix = (text: string): boolean => isDnsSubdomain(text.replace(/[-.]$/, ''));
  const rule =
    "a name has at most 253 lowercase letters, digits, '-' and '.', and starts and ends with a letter or digit";
  if (name !== undefined && !isDnsSubdomain(name))
    issues.push(invalid('metadata.name', name, rule));
  if (generateName !== undefined && (generateName.length > 200 || !isPrefix(generateName))) {
    issues.push(invalid('metadata.generateName', generateName, rule));
  }
  return {
    name,
    generateName,
    namespace: readText(metadata, 'namespace', issues),
    uid: readText(metadata, 'uid', issues),
    resourceVersion: readText(metadata, 'resourceVersion', issues),
    labels: readMap(metadata, 'labels', issues),
    annotations: readMap(metadata, 'annotations', issues),
    finalizers: readFinalizers(metadata['finalizers'], issues),
    ownerReferences: readOwners(metadata['ownerReferences'], problems),
  };
}
