/**
 * Spreads a text over 53 bits: two multiplicative 32-bit lanes with a MurmurHash3 finish. The same text and seed give
 * the same number on every machine. For positions and digests among peers that mean well: it resists no forger.
 */
export function mix53(text: string, seed = 0): number {
  let high = 0xdeadbeef ^ seed;
  let low = 0x41c6ce57 ^ seed;
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    high = Math.imul(high ^ code, 0x9e3779b1);
    low = Math.imul(low ^ code, 0x5f356495);
  }
  high = Math.imul(high ^ (high >>> 16), 0x85ebca6b) ^ Math.imul(low ^ (low >>> 13), 0xc2b2ae35);
  low = Math.imul(low ^ (low >>> 16), 0x85ebca6b) ^ Math.imul(high ^ (high >>> 13), 0xc2b2ae35);
  return (high & 0x1fffff) * 0x1_0000_0000 + (low >>> 0);
}

/** The lower 32 bits of `mix53`, unsigned. */
export function mix32(text: string, seed = 0): number {
  return mix53(text, seed) % 0x1_0000_0000;
}
