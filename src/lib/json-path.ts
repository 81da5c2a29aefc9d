import type { Json } from '../objects/json.ts';

type Step =
  | { readonly type: 'field'; readonly name: string }
  | { readonly type: 'index'; readonly index: number }
  | { readonly type: 'each' }
  | { readonly type: 'filter'; readonly path: readonly Step[]; readonly equals: string };

/** Finds the values that a path leads to, in order. */
export type PathFinder = (root: Json) => readonly Json[];

const lengthMax = 512;
const token =
  /\.([\w$-](?:[\w$/-]|\\.)*)|\['((?:[^'\\]|\\.)*)'\]|\[(-?\d{1,9})\]|(\[\*\]|\.\*)|\[\?\(@((?:\.[\w-]+)+)\s*==\s*(?:"([^"]*)"|'([^']*)')\)\]/y;

function parse(text: string): readonly Step[] | undefined {
  if (text.length > lengthMax) return undefined;
  const steps: Step[] = [];
  token.lastIndex = 0;
  while (token.lastIndex < text.length) {
    const match = token.exec(text);
    if (match === null) return undefined;
    const [, field, quoted, index, each, filter, double, single] = match;
    const end = token.lastIndex;
    const name = field ?? quoted;
    if (name !== undefined) steps.push({ type: 'field', name: name.replace(/\\(.)/g, '$1') });
    else if (index !== undefined) steps.push({ type: 'index', index: Number(index) });
    else if (each !== undefined) steps.push({ type: 'each' });
    else {
      const path = parse(filter!);
      if (path === undefined) return undefined;
      steps.push({ type: 'filter', path, equals: double ?? single ?? '' });
    }
    token.lastIndex = end;
  }
  return steps;
}

function walk(value: Json, steps: readonly Step[]): readonly Json[] {
  let found: readonly Json[] = [value];
  for (const step of steps) found = found.flatMap((here) => take(here, step));
  return found;
}

function take(value: Json, step: Step): readonly Json[] {
  if (typeof value !== 'object' || value === null) return [];
  const isList = Array.isArray(value);
  switch (step.type) {
    case 'field': {
      if (isList || !Object.hasOwn(value, step.name)) return [];
      const member = (value as Readonly<Record<string, Json | undefined>>)[step.name];
      return member === undefined ? [] : [member];
    }
    case 'index': {
      const member = isList ? (value as readonly Json[]).at(step.index) : undefined;
      return member === undefined ? [] : [member];
    }
    case 'each':
      return Object.values(value as Readonly<Record<string, Json>>);
    case 'filter':
      return isList
        ? (value as readonly Json[]).filter((item) => walk(item, step.path)[0] === step.equals)
        : [];
    default:
      return step satisfies never;
  }
}

/**
 * The JSONPath that CRDs use in columns, scale and selectable fields: `.a.b`, `.a['b.c']`, `.a[0]`, `.a[*]` and
 * `.a[?(@.type=="Ready")].b`; a dot in a name may be escaped. Undefined when the text is none.
 */
export function compileJsonPath(text: string): PathFinder | undefined {
  const steps = parse(text);
  return steps === undefined ? undefined : (root) => walk(root, steps);
}
