import { isJsonList, isJsonObject, memberSchema } from './schema.ts';
import type { Schema } from './schema.ts';
import type { Json } from '../objects/json.ts';

const patterns = new Map<string, RegExp>();
const patternsMax = 1_000;

/** Where a value does not fit its schema. */
export interface Misfit {
  /** `spec.rank.by[0].weight`; empty for the whole. */
  readonly field: string;
  readonly message: string;
}

/**
 * The first place where `value` does not fit `schema`; undefined when it fits. For what other peers wrote: nobody
 * waits for a list of all that is wrong, and compiling validators (ajv, at admission) costs a daemon's start 200 ms.
 * Unknown fields are let pass: a later release may have written them.
 */
export function misfit(schema: Schema, value: Json, field = ''): Misfit | undefined {
  const wrong = (message: string): Misfit => ({ field, message });
  if (value === null) return schema.nullable === true ? undefined : wrong('it is null');
  const type = typeOf(schema, value);
  if (type === undefined) return wrong(`it is not of type ${schema.type ?? 'integer or string'}`);
  if (schema.enum !== undefined && !schema.enum.includes(value))
    return wrong('it is none of the choices');
  if (typeof value === 'string') return textMisfit(schema, value, wrong);
  if (typeof value === 'number') {
    const { minimum = -Infinity, maximum = Infinity } = schema;
    return value < minimum || value > maximum ? wrong('it is out of range') : undefined;
  }
  if (isJsonList(value)) return listMisfit(schema, value, field);
  if (isJsonObject(value)) {
    for (const name of schema.required ?? []) {
      if (!Object.hasOwn(value, name)) return wrong(`${name} is missing`);
    }
    const members = Object.entries(value);
    const { minProperties = 0, maxProperties = Infinity } = schema;
    if (members.length < minProperties || members.length > maxProperties) {
      return wrong('it has too many or too few members');
    }
    for (const [name, member] of members) {
      const inner = memberSchema(schema, name);
      if (inner === undefined || member === undefined) continue;
      const found = misfit(inner, member, field === '' ? name : `${field}.${name}`);
      if (found !== undefined) return found;
    }
  }
  return undefined;
}

function listMisfit(schema: Schema, value: readonly Json[], field: string): Misfit | undefined {
  const { minItems = 0, maxItems = Infinity, items } = schema;
  if (value.length < minItems || value.length > maxItems) {
    return { field, message: 'it has too many or too few items' };
  }
  if (items === undefined) return undefined;
  for (const [index, item] of value.entries()) {
    const found = misfit(items, item, `${field}[${index}]`);
    if (found !== undefined) return found;
  }
  return undefined;
}

function textMisfit(
  schema: Schema,
  value: string,
  wrong: (message: string) => Misfit,
): Misfit | undefined {
  const { minLength = 0, maxLength = Infinity, pattern } = schema;
  if (value.length < minLength || value.length > maxLength)
    return wrong('it is too long or too short');
  if (pattern === undefined) return undefined;
  let expression = patterns.get(pattern);
  if (expression === undefined) {
    if (patterns.size >= patternsMax) patterns.clear();
    expression = new RegExp(pattern, 'u');
    patterns.set(pattern, expression);
  }
  return expression.test(value) ? undefined : wrong('it does not match its pattern');
}

/** The type that the value has, if the schema allows it. */
function typeOf(schema: Schema, value: Exclude<Json, null>): string | undefined {
  const found = isJsonList(value)
    ? 'array'
    : typeof value === 'number' && Number.isSafeInteger(value)
      ? 'integer'
      : typeof value;
  if (schema['x-kubernetes-int-or-string'] === true) {
    return found === 'integer' || found === 'string' ? found : undefined;
  }
  if (schema.type === undefined || schema.type === found) return found;
  return schema.type === 'number' && found === 'integer' ? found : undefined;
}
