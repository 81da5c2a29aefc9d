import type { Json, JsonObject } from '../objects/json.ts';
import type { KindKey } from '../objects/ids.ts';
import type { KindRules } from '../objects/kind-rules.ts';
import type { PathFinder } from '../lib/json-path.ts';
import type { Schema } from './schema.ts';

/** A column of a Table. */
export interface Column {
  readonly name: string;
  readonly type: 'string' | 'integer' | 'number' | 'boolean' | 'date';
  readonly format?: string;
  readonly description: string;
  /** Above 0: shown only in wide output. */
  readonly priority: number;
  /** The cell; `nowMs` is wall clock, for ages. */
  cell(object: JsonObject, nowMs: number): Json;
}

/** The three paths of a CRD's scale subresource. */
export interface ScalePaths {
  /** `.spec.size` as its names, to be written. */
  readonly spec: readonly string[];
  readonly status: PathFinder;
  readonly selector: PathFinder | undefined;
}

/**
 * Who writes objects of a kind: an owner through any peer's API; the peer that speaks of itself; nobody, since each
 * peer computes them. The last two are read-only here.
 */
export type Writer = 'owner' | 'peer' | 'derived';

/** One kind as the API serves it. */
export interface KindInfo {
  /** Its key in the catalog; two API groups may show the same objects. */
  readonly key: KindKey;
  /** Empty for core kinds. */
  readonly group: string;
  readonly version: string;
  readonly kind: string;
  readonly listKind: string;
  readonly plural: string;
  readonly singular: string;
  readonly shortNames: readonly string[];
  readonly categories: readonly string[];
  readonly namespaced: boolean;
  readonly writer: Writer;
  /** What to do instead of writing it, if its writer is no owner. */
  readonly readOnlyHint: string;
  readonly hasStatus: boolean;
  readonly scale?: ScalePaths;
  /** Its objects have logs, at the subresource `log`. */
  readonly hasLog: boolean;
  readonly schema: Schema;
  /** The first is the name for kinds of CRDs. */
  readonly columns: readonly Column[];
  /** Fields that a field selector may name besides metadata.name and metadata.namespace. */
  readonly selectable: Readonly<Record<string, PathFinder>>;
  readonly rules: KindRules;
  /** How this group shows an object of the catalog, when not as it is. */
  project?(object: JsonObject): JsonObject;
}

export const apiVersionOf = (kind: Pick<KindInfo, 'group' | 'version'>): string =>
  kind.group === '' ? kind.version : `${kind.group}/${kind.version}`;

/** `slices.p2pcs.io`, or `events` for core kinds: how errors name a resource. */
export const resourceName = (kind: Pick<KindInfo, 'group' | 'plural'>): string =>
  kind.group === '' ? kind.plural : `${kind.plural}.${kind.group}`;
