import { decodeFields, encodeFields, isAddresses, isCount } from '../codec.ts';
import { ageMax } from '../descriptor.ts';
import type { Descriptor } from '../descriptor.ts';
import type { PeerIdWire } from '../peer-id-wire.ts';

/** push starts an exchange, pull answers it with the same number. */
export interface SamplingMessage {
  readonly type: 'push' | 'pull';
  readonly exchange: number;
  readonly descriptors: readonly Descriptor[];
}

/** More than any view that `checkSampling` admits. */
const descriptorsMax = 64;
const bounds = { maxBytes: 64 * 1024, maxDepth: 3, maxItems: 2 + descriptorsMax * 12 };

/** [type, exchange, peer, age, addresses, peer, age, addresses, …] */
export function encodeSampling(message: SamplingMessage, wire: PeerIdWire): Uint8Array {
  const fields: unknown[] = [message.type === 'push' ? 0 : 1, message.exchange];
  for (const { peer, age, addresses } of message.descriptors) {
    fields.push(wire.encode(peer), age, addresses);
  }
  return encodeFields(fields);
}

export function decodeSampling(bytes: Uint8Array, wire: PeerIdWire): SamplingMessage | undefined {
  const fields = decodeFields(bytes, bounds);
  if (fields === undefined || (fields.length - 2) % 3 !== 0) return undefined;
  const [type, exchange] = fields;
  if (!isCount(type, 1) || !isCount(exchange, 0xffff_ffff)) return undefined;
  const descriptors: Descriptor[] = [];
  for (let i = 2; i < fields.length; i += 3) {
    const peer = wire.decode(fields[i]);
    const age = fields[i + 1];
    const addresses = fields[i + 2];
    if (peer === undefined || !isCount(age, ageMax) || !isAddresses(addresses)) return undefined;
    descriptors.push({ peer, age, addresses });
  }
  if (descriptors.length > descriptorsMax) return undefined;
  return { type: type === 0 ? 'push' : 'pull', exchange, descriptors };
}
