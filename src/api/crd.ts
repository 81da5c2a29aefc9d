import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';

import { parse } from 'yaml';

import { formatAge } from '../lib/age.ts';
import { compileJsonPath } from '../lib/json-path.ts';
import type { PathFinder } from '../lib/json-path.ts';
import type { KindKey } from '../objects/ids.ts';
import type { Json, JsonObject } from '../objects/json.ts';
import type { Column, KindInfo, ScalePaths } from './kind-info.ts';
import { kindTraits } from './kind-traits.ts';
import type { Schema } from './schema.ts';

interface CrdColumn {
  readonly name: string;
  readonly type: Column['type'];
  readonly format?: string;
  readonly description?: string;
  readonly priority?: number;
  readonly jsonPath: string;
}

interface CrdVersion {
  readonly name: string;
  readonly served: boolean;
  readonly storage: boolean;
  readonly subresources?: {
    readonly status?: JsonObject;
    readonly scale?: {
      readonly specReplicasPath: string;
      readonly statusReplicasPath: string;
      readonly labelSelectorPath?: string;
    };
  };
  readonly additionalPrinterColumns?: readonly CrdColumn[];
  readonly selectableFields?: readonly { readonly jsonPath: string }[];
  readonly schema: { readonly openAPIV3Schema: Schema };
}

/** An apiextensions.k8s.io/v1 CustomResourceDefinition, the part that is read here. */
export interface CustomResourceDefinition {
  readonly metadata: { readonly name: string };
  readonly spec: {
    readonly group: string;
    readonly scope: 'Namespaced' | 'Cluster';
    readonly names: {
      readonly kind: string;
      readonly listKind?: string;
      readonly plural: string;
      readonly singular?: string;
      readonly shortNames?: readonly string[];
      readonly categories?: readonly string[];
    };
    readonly versions: readonly CrdVersion[];
  };
}

function pathOf(crd: CustomResourceDefinition, text: string): PathFinder {
  const path = compileJsonPath(text);
  if (path === undefined) throw new Error(`CRD ${crd.metadata.name}: \`${text}\` is no JSONPath`);
  return path;
}

/** Cells of the API are scalars; what is more is shown as JSON. */
function toCell(type: Column['type'], value: Json | undefined, nowMs: number): Json {
  if (value === undefined || value === null) return null;
  if (type === 'date') {
    const atMs = typeof value === 'string' ? Date.parse(value) : NaN;
    return Number.isNaN(atMs) ? '<invalid>' : formatAge(nowMs - atMs);
  }
  if (type === 'string') return typeof value === 'string' ? value : JSON.stringify(value);
  return typeof value === 'object' ? null : value;
}

const nameColumn: Column = {
  name: 'Name',
  type: 'string',
  format: 'name',
  description: 'The name of the object, unique for its kind and namespace.',
  priority: 0,
  cell: (object) => (object['metadata'] as JsonObject)['name'] ?? null,
};

function columnOf(crd: CustomResourceDefinition, column: CrdColumn): Column {
  const path = pathOf(crd, column.jsonPath);
  return {
    name: column.name,
    type: column.type,
    ...(column.format === undefined ? {} : { format: column.format }),
    description: column.description ?? '',
    priority: column.priority ?? 0,
    cell: (object, nowMs) => toCell(column.type, path(object)[0], nowMs),
  };
}

const ageColumn: CrdColumn = {
  name: 'Age',
  type: 'date',
  jsonPath: '.metadata.creationTimestamp',
  description: 'Time since the object was created.',
};

function scaleOf(crd: CustomResourceDefinition, version: CrdVersion): ScalePaths | undefined {
  const scale = version.subresources?.scale;
  if (scale === undefined) return undefined;
  return {
    spec: scale.specReplicasPath.split('.').slice(1),
    status: pathOf(crd, scale.statusReplicasPath),
    selector:
      scale.labelSelectorPath === undefined ? undefined : pathOf(crd, scale.labelSelectorPath),
  };
}

/** The kind that a CRD defines, at its stored version. Throws when the CRD itself is broken. */
export function kindFromCrd(crd: CustomResourceDefinition): KindInfo {
  const { group, names, scope, versions } = crd.spec;
  const version = versions.find((candidate) => candidate.storage && candidate.served);
  if (version === undefined) throw new Error(`CRD ${crd.metadata.name} serves no stored version`);
  const key = `${group}/${names.kind}` as KindKey;
  const columns = version.additionalPrinterColumns ?? [ageColumn];
  const scale = scaleOf(crd, version);
  return {
    key,
    group,
    version: version.name,
    kind: names.kind,
    listKind: names.listKind ?? `${names.kind}List`,
    plural: names.plural,
    singular: names.singular ?? names.kind.toLowerCase(),
    shortNames: names.shortNames ?? [],
    categories: names.categories ?? [],
    namespaced: scope === 'Namespaced',
    hasStatus: version.subresources?.status !== undefined,
    ...(scale === undefined ? {} : { scale }),
    schema: version.schema.openAPIV3Schema,
    columns: [nameColumn, ...columns.map((column) => columnOf(crd, column))],
    selectable: Object.fromEntries(
      (version.selectableFields ?? []).map(({ jsonPath }) => [
        jsonPath.slice(1),
        pathOf(crd, jsonPath),
      ]),
    ),
    ...kindTraits(key),
  };
}

/**
 * Every kind of the CRD files in a folder, Slice first, then by name. A bundle has them as JSON as well, which is read
 * in a hundredth of the time.
 */
export function loadKinds(directory: string): readonly KindInfo[] {
  const files = readdirSync(directory);
  const json = files.filter((file) => file.endsWith('.json'));
  const yaml = files.filter((file) => file.endsWith('.yaml'));
  const kinds = (json.length > 0 ? json : yaml).map((file) => {
    const text = readFileSync(join(directory, file), 'utf8');
    const crd: unknown = file.endsWith('.json')
      ? JSON.parse(text)
      : parse(text, { version: '1.1' });
    return kindFromCrd(crd as CustomResourceDefinition);
  });
  const order = (kind: KindInfo): string => (kind.kind === 'Slice' ? '' : kind.kind);
  return kinds.toSorted((a, b) => (order(a) < order(b) ? -1 : 1));
}
