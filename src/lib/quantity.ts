const suffixes: Readonly<Record<string, number>> = {
  n: 1e-9,
  u: 1e-6,
  m: 1e-3,
  '': 1,
  k: 1e3,
  M: 1e6,
  G: 1e9,
  T: 1e12,
  P: 1e15,
  E: 1e18,
  Ki: 2 ** 10,
  Mi: 2 ** 20,
  Gi: 2 ** 30,
  Ti: 2 ** 40,
  Pi: 2 ** 50,
  Ei: 2 ** 60,
};
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
  const value =
    exponent === undefined
      ? Number(digits) * suffixes[suffix ?? '']!
      : Number(`${digits}e${exponent}`);
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
