import { jsonText } from '../../client/json-text.ts';
import type { Json, JsonObject } from '../../objects/json.ts';
import type { JsonPath, Operand, Part, Step } from './jsonpath-parser.ts';

const isObject = (value: Json): value is JsonObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const childrenOf = (value: Json): readonly Json[] => {
  if (Array.isArray(value)) return value as readonly Json[];
  if (!isObject(value)) return [];
  return Object.keys(value)
    .toSorted()
    .flatMap((name) => value[name] ?? []);
};

function* descend(value: Json): Generator<Json> {
  yield value;
  for (const child of childrenOf(value)) yield* descend(child);
}

function pick(value: Json, key: string | number): readonly Json[] {
  if (typeof key === 'number') {
    if (!Array.isArray(value)) return [];
    const item = (value as readonly Json[]).at(key);
    return item === undefined ? [] : [item];
  }
  if (!isObject(value) || !Object.hasOwn(value, key)) return [];
  const found = value[key];
  return found === undefined ? [] : [found];
}

function between(value: Json, step: Extract<Step, { type: 'slice' }>): readonly Json[] {
  if (!Array.isArray(value) || step.step < 1) return [];
  const part = (value as readonly Json[]).slice(step.from ?? 0, step.to);
  return part.filter((_, index) => index % step.step === 0);
}

function matches(value: Json, step: Extract<Step, { type: 'filter' }>, root: Json): boolean {
  const valueOf = (operand: Operand): Json | undefined =>
    'literal' in operand
      ? operand.literal
      : walk(operand.isRoot ? root : value, operand.path, root)[0];
  const left = valueOf(step.left);
  if (step.operator === undefined) return left !== undefined;
  const right = valueOf(step.right!);
  if (left === undefined || right === undefined) return false;
  switch (step.operator) {
    case '==':
      return left === right;
    case '!=':
      return left !== right;
    case '<':
      return left! < right!;
    case '<=':
      return left! <= right!;
    case '>':
      return left! > right!;
    case '>=':
      return left! >= right!;
    default:
      return step.operator satisfies never;
  }
}

function take(value: Json, step: Step, root: Json): readonly Json[] {
  switch (step.type) {
    case 'field':
      return pick(value, step.name);
    case 'every':
      return childrenOf(value);
    case 'descend':
      return [...descend(value)];
    case 'union':
      return step.keys.flatMap((key) => pick(value, key));
    case 'slice':
      return between(value, step);
    case 'filter':
      return childrenOf(value).filter((child) => matches(child, step, root));
    default:
      return step satisfies never;
  }
}

function walk(start: Json, steps: readonly Step[], root: Json): readonly Json[] {
  let values: readonly Json[] = [start];
  for (const step of steps) values = values.flatMap((value) => take(value, step, root));
  return values;
}

function print(parts: readonly Part[], here: Json, root: Json): string {
  return parts
    .map((part) => {
      if (part.type === 'text') return part.text;
      const values = walk(part.isRoot ? root : here, part.steps, root);
      if (part.type === 'path') return values.map(jsonText).join(' ');
      return values.map((value) => print(part.body, value, root)).join('');
    })
    .join('');
}

/** What the template prints of a document. */
export const printJsonPath = (path: JsonPath, document: Json): string =>
  print(path, document, document);

/** Every value that the first path of the template finds. */
export function findByJsonPath(path: JsonPath, document: Json): readonly Json[] {
  const first = path.find((part) => part.type === 'path');
  return first === undefined ? [] : walk(document, first.steps, document);
}
