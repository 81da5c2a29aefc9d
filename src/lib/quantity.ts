/** Powers of ten, so that the digits are rounded to a double once only. */
const decimal: Readonly<Record<string, number>> = {
  n: -9,
  u: -6,
  m: -3,
  k: 3,
  M: 6,
  G: 9,
  T: 12,
  P: 15,
  E: 18,
};
const binary = 'KMGTPE';
const lengthMax = 32;
const form = /^([+-]?(?:\d+(?:\.\d*)?|\.\d+))(?:([numkMGTPE]|[KMGTPE]i)?|[eE]([+-]?\d{1,3}))$/;

/**
 * The number that a Kubernetes quantity stands for (`8Gi`, `500m`, `1.5`, `1e3`), or undefined when it is none.
 * Doubles are exact to 2^53, which is enough to compare what machines have.
 */
export function parseQuantity(text: string): number | undefined {
  if (text.length > lengthMax) return undefined;
  const match = form.exec(text);
  if (match === null) return undefined;
  const [, digits, suffix, exponent] = match;
  const value = suffix?.endsWith('i')
    ? Number(digits) * 1024 ** (binary.indexOf(suffix[0]!) + 1)
    : Number(`${digits}e${exponent ?? decimal[suffix ?? ''] ?? 0}`);
  return Number.isFinite(value) ? value : undefined;
}

/** Bytes in the largest binary unit that keeps two significant decimals: `7.6Gi`, `512Mi`. For people and columns. */
export function formatBytes(bytes: number): string {
  let unit = '';
  let value = bytes;
  for (const next of ['Ki', 'Mi', 'Gi', 'Ti', 'Pi']) {
    if (value < 1024) break;
    value /= 1024;
    unit = next;
  }
  return `${value >= 100 || unit === '' ? Math.round(value) : Number(value.toFixed(1))}${unit}`;
}
