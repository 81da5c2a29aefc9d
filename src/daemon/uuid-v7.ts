import { randomBytes } from 'node:crypto';
import type { Uid } from '../objects/ids.ts';

/** A UUID of version 7 (RFC 9562): its first 48 bits are the wall clock, so that a uid tells its age to everybody. */
export function uuidV7(wallMs: number): Uid {
  const bytes = randomBytes(16);
  bytes.writeUIntBE(wallMs, 0, 6);
  bytes[6] = 0x70 | (bytes[6]! & 0x0f);
  bytes[8] = 0x80 | (bytes[8]! & 0x3f);
  const hex = bytes.toString('hex');
  return [
    hex.slice(0, 8),
    hex.slice(8, 12),
    hex.slice(12, 16),
    hex.slice(16, 20),
    hex.slice(20),
  ].join('-') as Uid;
}

/** When the object of this uid was made, wall milliseconds of its creator; undefined for other uids. */
export function madeAtMs(uid: Uid): number | undefined {
  const match = /^([0-9a-f]{8})-([0-9a-f]{4})-7/.exec(uid);
  return match === null ? undefined : Number.parseInt(`${match[1]}${match[2]}`, 16);
}
