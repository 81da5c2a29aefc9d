import { fromHex, toHex } from '../lib/hex.ts';
import type { CloudId } from '../objects/ids.ts';

/** The latest time a statement may name: year 9999, so that it prints as a date and adds without loss. */
const maxTimeMs = 253_402_300_799_000;

/** Milliseconds since 1970. */
export function isTimeMs(value: unknown): value is number {
  return (
    typeof value === 'number' && Number.isSafeInteger(value) && value >= 0 && value <= maxTimeMs
  );
}

export function isKey(value: unknown): value is Uint8Array {
  return value instanceof Uint8Array && value.length === 32;
}

/** A list of at most `max` texts that all pass. */
export function isTexts(
  value: unknown,
  max: number,
  passes: (text: string) => boolean,
): value is readonly string[] {
  return (
    Array.isArray(value) &&
    value.length <= max &&
    value.every((text) => typeof text === 'string' && passes(text))
  );
}

/** A cloud id travels as its 32 bytes. */
export function cloudBytes(cloud: CloudId): Uint8Array {
  const bytes = fromHex(cloud);
  if (bytes?.length !== 32)
    throw new RangeError(`a cloud id is 64 lowercase hexadecimal digits, not "${cloud}"`);
  return bytes;
}

export function cloudFrom(value: unknown): CloudId | undefined {
  return isKey(value) ? (toHex(value) as CloudId) : undefined;
}
