import type { Json, JsonObject } from '../../objects/json.ts';

const isLeaf = (value: Json | undefined): boolean => typeof value !== 'object' || value === null;

const leaf = (value: Json | undefined): string =>
  typeof value === 'string' ? value : JSON.stringify(value ?? null);

/** `matchLabels` reads `Match Labels`, as kubectl writes it. */
const title = (name: string): string =>
  /^[a-z][A-Za-z]*$/.test(name)
    ? name.replace(/^./, (first) => first.toUpperCase()).replace(/([a-z])([A-Z])/g, '$1 $2')
    : name;

function lines(value: Json): readonly string[] {
  if (isLeaf(value)) return [leaf(value)];
  if (Array.isArray(value)) {
    return (value as readonly Json[]).flatMap((item) => {
      const [first = '', ...rest] = lines(item);
      return [`- ${first}`, ...rest.map((line) => `  ${line}`)];
    });
  }
  const entries = Object.entries(value as JsonObject).filter(([, child]) => child !== undefined);
  const shown = entries.map(([name, child]) => ({
    name: title(name),
    child,
    line: oneLine(child),
  }));
  const widths = shown.filter(({ line }) => line !== undefined).map(({ name }) => name.length);
  const width = Math.max(0, ...widths) + 3;
  return shown.flatMap(({ name, child, line }) =>
    line === undefined
      ? [`${name}:`, ...lines(child as Json).map((inner) => `  ${inner}`)]
      : [`${`${name}:`.padEnd(width)}${line}`],
  );
}

/** What fits beside its name: a scalar, a list of scalars, nothing at all. */
function oneLine(value: Json | undefined): string | undefined {
  if (isLeaf(value)) return leaf(value);
  if (Object.keys(value as object).length === 0) return '<none>';
  if (!Array.isArray(value)) return undefined;
  const items = value as readonly Json[];
  return items.every(isLeaf) ? items.map(leaf).join(', ') : undefined;
}

/** Any JSON value as indented `Field:  value` lines. */
export const fieldTree = (value: Json): string => lines(value).join('\n');
