import { decodeFields, encodeFields, isAddresses, isCount } from '../codec.ts';
import type { Fields } from '../codec.ts';
import type { Liveness } from '../membership.ts';
import type { PeerId } from '../../objects/ids.ts';
import type { PeerIdWire } from '../peer-id-wire.ts';

/** One peer's state as somebody believes it. */
export interface Update {
  readonly peer: PeerId;
  readonly boot: number;
  readonly incarnation: number;
  readonly state: Liveness;
  /** suspect: who says so of its own experience. */
  readonly suspectedBy?: PeerId;
  /** away: how much longer its places are kept, ms. */
  readonly awayForMs?: number;
  /** dead: by a reset connection and a refused redial. */
  readonly reset?: boolean;
  readonly addresses?: readonly string[];
}

export type DetectorMessage =
  /** Answer with an ack of the same number. */
  | { readonly type: 'ping'; readonly number: number; readonly updates: readonly Update[] }
  | { readonly type: 'ack'; readonly number: number; readonly updates: readonly Update[] }
  /** Ping `target` for me; ack or nack with my number. */
  | { readonly type: 'ask'; readonly number: number; readonly target: PeerId }
  | { readonly type: 'nack'; readonly number: number }
  | { readonly type: 'news'; readonly updates: readonly Update[] }
  /** What I believe of many; a death in it may be old, or one of another partition. */
  | { readonly type: 'table'; readonly updates: readonly Update[] }
  /** My digest of the living; if yours differs, send me your table. */
  | { readonly type: 'digest'; readonly digest: number };

const types = ['ping', 'ack', 'ask', 'nack', 'news', 'table', 'digest'] as const;
const states = ['alive', 'suspect', 'away', 'dead'] as const;
export const updatesMax = 64;
const bounds = { maxBytes: 128 * 1024, maxDepth: 4, maxItems: 4 + updatesMax * 16 };
const awayForMsMax = 3_600_000;

/** ping, ack: [type, number, …updates]; ask: [type, number, target]; nack, digest: [type, number]; news, table: [type, …updates] */
export function encodeDetector(message: DetectorMessage, wire: PeerIdWire): Uint8Array {
  const type = types.indexOf(message.type);
  switch (message.type) {
    case 'ping':
    case 'ack':
      return encodeFields([type, message.number, ...message.updates.map((u) => toFields(u, wire))]);
    case 'ask':
      return encodeFields([type, message.number, wire.encode(message.target)]);
    case 'nack':
      return encodeFields([type, message.number]);
    case 'news':
    case 'table':
      return encodeFields([type, ...message.updates.map((u) => toFields(u, wire))]);
    case 'digest':
      return encodeFields([type, message.digest]);
    default:
      return message satisfies never;
  }
}

export function decodeDetector(bytes: Uint8Array, wire: PeerIdWire): DetectorMessage | undefined {
  const fields = decodeFields(bytes, bounds);
  if (fields === undefined || !isCount(fields[0], types.length - 1)) return undefined;
  const type = types[fields[0]] as DetectorMessage['type'];
  if (type === 'news' || type === 'table') {
    const updates = readUpdates(fields.slice(1), wire);
    return updates && { type, updates };
  }
  const number = fields[1];
  if (!isCount(number)) return undefined;
  if (type === 'ping' || type === 'ack') {
    const updates = readUpdates(fields.slice(2), wire);
    return updates && { type, number, updates };
  }
  if (type === 'ask') {
    const target = wire.decode(fields[2]);
    return target === undefined ? undefined : { type, number, target };
  }
  return type === 'nack' ? { type, number } : { type, digest: number };
}

/** [peer, boot, incarnation, state, detail, addresses?]; detail is what the state needs, else 0. */
function toFields(update: Update, wire: PeerIdWire): Fields {
  const { peer, boot, incarnation, state, addresses } = update;
  let detail: unknown = 0;
  if (state === 'suspect') {
    detail = update.suspectedBy === undefined ? 0 : wire.encode(update.suspectedBy);
  } else if (state === 'away') {
    detail = Math.min(awayForMsMax, Math.max(0, Math.round(update.awayForMs ?? 0)));
  } else if (state === 'dead') {
    detail = update.reset === true ? 1 : 0;
  }
  const fields = [wire.encode(peer), boot, incarnation, states.indexOf(state), detail];
  return addresses === undefined ? fields : [...fields, addresses];
}

function readUpdates(items: Fields, wire: PeerIdWire): Update[] | undefined {
  if (items.length > updatesMax) return undefined;
  const updates: Update[] = [];
  for (const item of items) {
    const update = readUpdate(item, wire);
    if (update === undefined) return undefined;
    updates.push(update);
  }
  return updates;
}

function readUpdate(item: unknown, wire: PeerIdWire): Update | undefined {
  if (!Array.isArray(item) || item.length < 5 || item.length > 6) return undefined;
  const [encoded, boot, incarnation, code, detail, addresses] = item as Fields;
  const peer = wire.decode(encoded);
  if (peer === undefined || !isCount(boot) || !isCount(incarnation)) return undefined;
  if (!isCount(code, states.length - 1)) return undefined;
  if (addresses !== undefined && !isAddresses(addresses)) return undefined;
  const state = states[code] as Liveness;
  const update = { peer, boot, incarnation, state, ...(addresses && { addresses }) };
  if (state === 'suspect' && detail !== 0) {
    const suspectedBy = wire.decode(detail);
    return suspectedBy === undefined ? undefined : { ...update, suspectedBy };
  }
  if (!isCount(detail, awayForMsMax)) return undefined;
  if (state === 'away') return { ...update, awayForMs: detail };
  return state === 'dead' ? { ...update, reset: detail === 1 } : update;
}
