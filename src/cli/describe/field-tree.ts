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
  const width = Math.max(
    0,
    ...entries.filter(([, child]) => isLeaf(child)).map(([name]) => title(name).length),
  );
  return entries.flatMap(([name, child]) => {
    if (isLeaf(child)) return [`${`${title(name)}:`.padEnd(width + 3)}${leaf(child)}`];
    const inner = child as Json;
    if (Object.keys(inner as object).length === 0) return [`${title(name)}:  <none>`];
    if (Array.isArray(inner) && inner.every(isLeaf))
      return [`${title(name)}:  ${inner.map(leaf).join(', ')}`];
    return [`${title(name)}:`, ...lines(inner).map((line) => `  ${line}`)];
  });
}

/** Any JSON value as indented `Field:  value` lines. */
export const fieldTree = (value: Json): string => lines(value).join('\n');
