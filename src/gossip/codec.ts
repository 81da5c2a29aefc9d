import { encode } from 'cborg';
import { decodeBounded } from '../lib/bounded-cbor.ts';
import type { CborBounds } from '../lib/bounded-cbor.ts';

/** A decoded message: a positional array, whose items are still to be checked one by one. */
export type Fields = readonly unknown[];

/** The longest address that is kept, sent or believed. */
const addressLengthMax = 160;
export const addressesMax = 8;

export function encodeFields(fields: Fields): Uint8Array {
  return encode(fields);
}

/** The array in `bytes`, if it is one within `bounds`; never throws. */
export function decodeFields(bytes: Uint8Array, bounds: CborBounds): Fields | undefined {
  const value = decodeBounded(bytes, bounds);
  return Array.isArray(value) ? value : undefined;
}

/** A non-negative integer of at most `max`. */
export function isCount(value: unknown, max: number = Number.MAX_SAFE_INTEGER): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0 && value <= max;
}

/** A finite number whose magnitude is at most `max`. */
export function isReal(value: unknown, max = 1e18): value is number {
  return typeof value === 'number' && Math.abs(value) <= max;
}

export function isText(value: unknown, maxLength: number): value is string {
  return typeof value === 'string' && value.length > 0 && value.length <= maxLength;
}

export function isAddresses(value: unknown): value is readonly string[] {
  return (
    Array.isArray(value) &&
    value.length <= addressesMax &&
    value.every((address) => isText(address, addressLengthMax))
  );
}
