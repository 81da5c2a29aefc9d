const alphabet = '123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz';

/** Conversion is quadratic: it is meant for keys and hashes, and anything longer is not one. */
const maxBytes = 128;

/** Base58 with Bitcoin's alphabet (base58btc without the multibase prefix), of at most 128 bytes. */
export function toBase58(bytes: Uint8Array): string {
  if (bytes.length > maxBytes)
    throw new RangeError(`base58 is for at most ${maxBytes} bytes, not ${bytes.length}`);
  const digits: number[] = [];
  for (const byte of bytes) {
    let carry = byte;
    for (let i = 0; i < digits.length; i++) {
      carry += (digits[i] as number) << 8;
      digits[i] = carry % 58;
      carry = Math.floor(carry / 58);
    }
    for (; carry > 0; carry = Math.floor(carry / 58)) digits.push(carry % 58);
  }
  let text = '';
  for (let i = 0; i < bytes.length && bytes[i] === 0; i++) text += '1';
  for (let i = digits.length - 1; i >= 0; i--) text += alphabet.charAt(digits[i] as number);
  return text;
}

/** The bytes of a base58btc text; undefined when a character is none of the alphabet or it is too long. */
export function fromBase58(text: string): Uint8Array | undefined {
  if (text.length > maxBytes * 1.37) return undefined;
  const reversed: number[] = [];
  for (const character of text) {
    let carry = alphabet.indexOf(character);
    if (carry < 0) return undefined;
    for (let i = 0; i < reversed.length; i++) {
      carry += (reversed[i] as number) * 58;
      reversed[i] = carry & 255;
      carry >>= 8;
    }
    for (; carry > 0; carry >>= 8) reversed.push(carry & 255);
  }
  for (let i = 0; i < text.length && text.charAt(i) === '1'; i++) reversed.push(0);
  return Uint8Array.from(reversed.toReversed());
}
