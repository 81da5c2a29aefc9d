import type { Json, JsonObject } from '../objects/json.ts';

/** A structural OpenAPI v3 schema, as a CRD carries it. */
export interface Schema {
  readonly type?: string;
  readonly format?: string;
  readonly description?: string;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly additionalProperties?: Schema;
  readonly items?: Schema;
  readonly required?: readonly string[];
  readonly enum?: readonly Json[];
  readonly default?: Json;
  readonly nullable?: boolean;
  readonly pattern?: string;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly minLength?: number;
  readonly maxLength?: number;
  readonly minItems?: number;
  readonly maxItems?: number;
  readonly minProperties?: number;
  readonly maxProperties?: number;
  readonly 'x-kubernetes-preserve-unknown-fields'?: boolean;
  readonly 'x-kubernetes-int-or-string'?: boolean;
  readonly 'x-kubernetes-list-type'?: 'atomic' | 'set' | 'map';
  readonly 'x-kubernetes-list-map-keys'?: readonly string[];
}

export const isJsonObject = (value: Json | undefined): value is JsonObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

export const isJsonList = (value: Json | undefined): value is readonly Json[] =>
  Array.isArray(value);

/** The schema of a member: its own, else that of any member; undefined when the schema knows none. */
export function memberSchema(schema: Schema | undefined, name: string): Schema | undefined {
  const { properties, additionalProperties } = schema ?? {};
  // `constructor` and its like are names that a client may send; they are no properties of ours.
  if (properties !== undefined && Object.hasOwn(properties, name)) return properties[name];
  return additionalProperties;
}

export interface UnknownField {
  /** `spec.rank.by[0].wieght` */
  readonly field: string;
  readonly name: string;
  /** The names that the schema has there. */
  readonly known: readonly string[];
}

/** More would not help anybody. */
const unknownMax = 32;

/**
 * The value with unknown fields removed, nulls of fields that may not be null removed, and defaults filled in, as
 * Kubernetes does on every write. What has the wrong type passes as it is: validation says so.
 */
export function conform(schema: Schema, value: Json, unknown: UnknownField[], at = ''): Json {
  if (isJsonList(value)) {
    const { items } = schema;
    if (items === undefined) return value;
    return value.map((item, index) => conform(items, item, unknown, `${at}[${index}]`));
  }
  if (!isJsonObject(value)) return value;
  const { properties } = schema;
  const keepsUnknown = schema['x-kubernetes-preserve-unknown-fields'] === true;
  const result: Record<string, Json | undefined> = {};
  for (const [name, member] of Object.entries(value)) {
    const field = at === '' ? name : `${at}.${name}`;
    const inner = memberSchema(schema, name);
    if (inner === undefined) {
      if (keepsUnknown) result[name] = member;
      else if (unknown.length < unknownMax) {
        unknown.push({ field, name, known: Object.keys(properties ?? {}) });
      }
      continue;
    }
    if (member === undefined || (member === null && inner.nullable !== true)) continue;
    const path = inner === schema.additionalProperties ? `${at}[${name}]` : field;
    result[name] = conform(inner, member, unknown, path);
  }
  for (const [name, inner] of Object.entries(properties ?? {})) {
    if (result[name] === undefined && inner.default !== undefined) {
      result[name] = structuredClone(inner.default);
    }
  }
  return result;
}
