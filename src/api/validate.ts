import { Ajv } from 'ajv';
import type { ErrorObject, ValidateFunction } from 'ajv';

import { canonicalJson } from '../lib/canonical-json.ts';
import type { FieldIssue } from '../objects/field-issue.ts';
import type { Json, JsonObject } from '../objects/json.ts';
import type { KindInfo } from './kind-info.ts';
import { isJsonList, isJsonObject, memberSchema } from './schema.ts';
import type { Schema } from './schema.ts';

const issuesMax = 64;
const shownMax = 120;

type AjvSchema = Record<string, unknown>;

const keptKeywords = [
  'enum',
  'pattern',
  'minimum',
  'maximum',
  'minLength',
  'maxLength',
  'minItems',
  'maxItems',
  'minProperties',
  'maxProperties',
] as const;

/** A structural schema as JSON Schema. Unknown fields are no concern here: they were removed before. */
function toJsonSchema(schema: Schema): AjvSchema {
  const result: AjvSchema = {};
  const isIntOrString = schema['x-kubernetes-int-or-string'] === true;
  if (isIntOrString) result['type'] = ['integer', 'string'];
  else if (schema.type !== undefined) result['type'] = schema.type;
  if (schema.nullable === true && result['type'] !== undefined) {
    result['type'] = [result['type'], 'null'].flat();
  }
  for (const keyword of keptKeywords) {
    if (schema[keyword] !== undefined) result[keyword] = schema[keyword];
  }
  if (schema.format === 'int32') {
    result['minimum'] ??= -(2 ** 31);
    result['maximum'] ??= 2 ** 31 - 1;
  }
  if (schema.required !== undefined && schema.required.length > 0)
    result['required'] = schema.required;
  if (schema.items !== undefined) result['items'] = toJsonSchema(schema.items);
  if (schema.additionalProperties !== undefined) {
    result['additionalProperties'] = toJsonSchema(schema.additionalProperties);
  }
  if (schema.properties !== undefined) result['properties'] = toJsonSchemas(schema.properties);
  return result;
}

const toJsonSchemas = (properties: Readonly<Record<string, Schema>>): AjvSchema =>
  Object.fromEntries(
    Object.entries(properties).map(([name, inner]) => [name, toJsonSchema(inner)]),
  );

const show = (value: unknown): string => {
  if (isJsonObject(value as Json)) return '"object"';
  if (isJsonList(value as Json)) return '"array"';
  const text = JSON.stringify(value) ?? 'null';
  return text.length > shownMax ? `${text.slice(0, shownMax)}…"` : text;
};

/** `/spec/rank/by/0/weight` → `spec.rank.by[0].weight`; keys of maps are put in brackets, as Kubernetes does. */
function fieldOf(schema: Schema, pointer: string): string {
  let field = '';
  let here: Schema | undefined = schema;
  for (const raw of pointer.split('/').slice(1)) {
    const part = raw.replaceAll('~1', '/').replaceAll('~0', '~');
    if (here?.items !== undefined) {
      field += `[${part}]`;
      here = here.items;
    } else {
      const inner = memberSchema(here, part);
      const isKey = inner !== undefined && inner === here?.additionalProperties;
      if (isKey) field += `[${part}]`;
      else field += field === '' ? part : `.${part}`;
      here = inner;
    }
  }
  return field;
}

const typeName = (value: unknown): string => {
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'array';
  return typeof value === 'number' && Number.isInteger(value) ? 'integer' : typeof value;
};

function toIssue(schema: Schema, error: ErrorObject): FieldIssue {
  const field = fieldOf(schema, error.instancePath);
  const params = error.params as {
    readonly missingProperty: string;
    readonly type: string | readonly string[];
    readonly allowedValues: readonly Json[];
    readonly limit: number;
    readonly pattern: string;
  };
  const shown = show(error.data);
  const invalid = (should: string): FieldIssue => ({
    field,
    reason: 'FieldValueInvalid',
    message: `Invalid value: ${shown}: ${field} in body should ${should}`,
  });
  switch (error.keyword) {
    case 'required': {
      const name = params.missingProperty;
      const missing = field === '' ? name : `${field}.${name}`;
      return { field: missing, reason: 'FieldValueRequired', message: 'Required value' };
    }
    case 'type': {
      const wanted = [params.type].flat().join(' or ');
      const found = typeName(error.data);
      return {
        field,
        reason: 'FieldValueTypeInvalid',
        message: `Invalid value: ${shown}: ${field} in body must be of type ${wanted}: it is ${found}`,
      };
    }
    case 'enum': {
      const values = params.allowedValues.map((value) => JSON.stringify(value));
      return {
        field,
        reason: 'FieldValueNotSupported',
        message: `Unsupported value: ${shown}: supported values: ${values.join(', ')}`,
      };
    }
    case 'maxLength':
      return {
        field,
        reason: 'FieldValueTooLong',
        message: `Too long: may not be more than ${params.limit} characters`,
      };
    case 'maxItems':
    case 'maxProperties':
      return {
        field,
        reason: 'FieldValueTooMany',
        message: `Too many: must have at most ${params.limit} items`,
      };
    case 'minimum':
      return invalid(`be greater than or equal to ${params.limit}`);
    case 'maximum':
      return invalid(`be less than or equal to ${params.limit}`);
    case 'minLength':
      return invalid(`be at least ${params.limit} characters long`);
    case 'minItems':
    case 'minProperties':
      return invalid(`have at least ${params.limit} items`);
    case 'pattern':
      return invalid(`match '${params.pattern}'`);
    default:
      return invalid(error.message ?? 'be valid');
  }
}

/** Lists that are sets or maps must not name one thing twice. */
function duplicates(
  schema: Schema,
  value: Json | undefined,
  at: string,
  issues: FieldIssue[],
): void {
  if (isJsonList(value)) {
    const type = schema['x-kubernetes-list-type'];
    const keys = schema['x-kubernetes-list-map-keys'] ?? [];
    const seen = new Set<string>();
    value.forEach((item, index) => {
      const field = `${at}[${index}]`;
      if (schema.items !== undefined) duplicates(schema.items, item, field, issues);
      if (type !== 'set' && type !== 'map') return;
      const key: Json =
        type === 'map' && isJsonObject(item)
          ? Object.fromEntries(keys.map((name) => [name, item[name]]))
          : item;
      const id = canonicalJson(key);
      if (seen.has(id)) {
        issues.push({ field, reason: 'FieldValueDuplicate', message: `Duplicate value: ${id}` });
      }
      seen.add(id);
    });
  } else if (isJsonObject(value)) {
    for (const [name, member] of Object.entries(value)) {
      const inner = memberSchema(schema, name);
      const field = at === '' ? name : `${at}.${name}`;
      if (inner !== undefined) duplicates(inner, member, field, issues);
    }
  }
}

/** Checks objects of one kind against its CRD's schema, its lists' uniqueness and its own rules. */
export class Validator {
  readonly #kind: KindInfo;
  readonly #check: ValidateFunction;
  readonly #schema: Schema;

  constructor(kind: KindInfo) {
    const { metadata: _metadata, status: _status, ...properties } = kind.schema.properties ?? {};
    this.#kind = kind;
    this.#schema = { ...kind.schema, properties };
    this.#check = new Ajv({
      allErrors: true,
      verbose: true,
      strict: true,
      strictTypes: false,
      validateFormats: false,
    }).compile(toJsonSchema(this.#schema));
  }

  /** Everything that is wrong, a field at most once; the kind's own words win over the schema's. */
  validate(object: JsonObject): readonly FieldIssue[] {
    this.#check(object);
    const found = [...(this.#kind.rules.validate?.(object) ?? [])];
    for (const error of (this.#check.errors ?? []).slice(0, issuesMax)) {
      found.push(toIssue(this.#schema, error));
    }
    duplicates(this.#schema, object, '', found);
    const byField = new Map<string, FieldIssue>();
    for (const issue of found) if (!byField.has(issue.field)) byField.set(issue.field, issue);
    return [...byField.values()].slice(0, issuesMax);
  }
}
