import { decode } from 'cborg';

export interface CborBounds {
  readonly maxBytes: number;
  /** Nesting of arrays and maps; a scalar has depth 0. */
  readonly maxDepth: number;
  /** Data items in all, keys and containers included. */
  readonly maxItems: number;
}

/** Deterministic CBOR as cborg writes it (RFC 8949 §4.2, but for the order of keys): one encoding per value. */
const strict = {
  strict: true,
  allowIndefinite: false,
  allowUndefined: false,
  allowInfinity: false,
  allowNaN: false,
  allowBigInt: false,
  rejectDuplicateMapKeys: true,
};

/**
 * Decodes one CBOR value from an untrusted source; undefined when it exceeds a bound or is not what cborg writes.
 * Size, depth and count are checked in a pass that allocates nothing, before the recursive decoder sees a byte.
 */
export function decodeBounded(bytes: Uint8Array, bounds: CborBounds): unknown {
  if (bytes.length === 0 || bytes.length > bounds.maxBytes || !isWithin(bytes, bounds))
    return undefined;
  try {
    return decode(bytes, strict);
  } catch {
    return undefined;
  }
}

function isWithin(bytes: Uint8Array, bounds: CborBounds): boolean {
  // How many items each open container still waits for; its length is the depth.
  const open: number[] = [];
  let items = 0;
  let at = 0;
  while (at < bytes.length) {
    if (++items > bounds.maxItems) return false;
    const major = (bytes[at] as number) >> 5;
    const minor = (bytes[at] as number) & 31;
    const width = minor < 24 ? 0 : minor < 28 ? 1 << (minor - 24) : -1;
    if (width < 0 || at + width >= bytes.length) return false;
    let argument = minor;
    if (width > 0) {
      argument = 0;
      for (let i = 1; i <= width; i++) argument = argument * 256 + (bytes[at + i] as number);
    }
    at += 1 + width;
    if (major === 6) return false;
    if (major === 2 || major === 3) at += argument;
    if (at > bytes.length) return false;
    const children = major === 4 ? argument : major === 5 ? 2 * argument : 0;
    if (children > bounds.maxItems) return false;
    if (open.length > 0) open[open.length - 1] = (open.at(-1) as number) - 1;
    if (major === 4 || major === 5) {
      open.push(children);
      if (open.length > bounds.maxDepth) return false;
    }
    while (open.at(-1) === 0) open.pop();
    if (open.length === 0) return at === bytes.length;
  }
  return false;
}
