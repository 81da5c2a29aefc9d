import { decodeFields, encodeFields, isCount } from '../codec.ts';
import type { PeerId } from '../../objects/ids.ts';
import type { PeerIdWire } from '../peer-id-wire.ts';

/** A member at one stretch of its membership: entering again, or refuting a death, makes a later one. */
export interface RingEntry {
  readonly peer: PeerId;
  readonly boot: number;
  readonly incarnation: number;
}

/** ask wants an answer, answer is one, leave says that the sender's own entry is over. */
export interface TManMessage {
  readonly type: 'ask' | 'answer' | 'leave';
  /** The sender's own entry is the first. */
  readonly entries: readonly RingEntry[];
  readonly tombstones: readonly RingEntry[];
}

const types = ['ask', 'answer', 'leave'] as const;
const entriesMax = 128;
const tombstonesMax = 20;
const bounds = { maxBytes: 16 * 1024, maxDepth: 2, maxItems: 4 + 3 * (entriesMax + tombstonesMax) };

/** Whether `a` is a later stretch than `b`. */
export function isLater(a: RingEntry, b: RingEntry): boolean {
  return a.boot > b.boot || (a.boot === b.boot && a.incarnation > b.incarnation);
}

/** [type, [peer, boot, incarnation, …], [the same of the tombstones]] */
export function encodeTMan(message: TManMessage, wire: PeerIdWire): Uint8Array {
  const flat = (entries: readonly RingEntry[]): unknown[] =>
    entries.flatMap(({ peer, boot, incarnation }) => [wire.encode(peer), boot, incarnation]);
  return encodeFields([
    types.indexOf(message.type),
    flat(message.entries),
    flat(message.tombstones),
  ]);
}

export function decodeTMan(bytes: Uint8Array, wire: PeerIdWire): TManMessage | undefined {
  const fields = decodeFields(bytes, bounds);
  if (fields?.length !== 3 || !isCount(fields[0], types.length - 1)) return undefined;
  const entries = readEntries(fields[1], entriesMax, wire);
  const tombstones = readEntries(fields[2], tombstonesMax, wire);
  const type = types[fields[0]];
  if (type === undefined || entries === undefined || tombstones === undefined) return undefined;
  return entries.length === 0 ? undefined : { type, entries, tombstones };
}

function readEntries(value: unknown, max: number, wire: PeerIdWire): RingEntry[] | undefined {
  if (!Array.isArray(value) || value.length % 3 !== 0 || value.length > 3 * max) return undefined;
  const entries: RingEntry[] = [];
  for (let i = 0; i < value.length; i += 3) {
    const peer = wire.decode(value[i]);
    const boot: unknown = value[i + 1];
    const incarnation: unknown = value[i + 2];
    if (peer === undefined || !isCount(boot) || !isCount(incarnation)) return undefined;
    entries.push({ peer, boot, incarnation });
  }
  return entries;
}
