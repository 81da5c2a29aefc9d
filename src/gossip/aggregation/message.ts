import { decodeFields, encodeFields, isCount, isReal } from '../codec.ts';
import type { FlowItem } from './flows.ts';

/** ask begins an exchange; answer ends it, or shows a later epoch to one who is behind. */
export interface AveragingMessage {
  readonly type: 'ask' | 'answer';
  readonly epoch: number;
  readonly version: number;
  readonly items: readonly FlowItem[];
}

const itemsMax = 128;
const bounds = { maxBytes: 8 * 1024, maxDepth: 1, maxItems: 4 + 3 * itemsMax };
const epochMax = 2 ** 40;

/** [type, epoch, version, key, flow, estimate, …] */
export function encodeAveraging(message: AveragingMessage): Uint8Array {
  const fields = [message.type === 'ask' ? 0 : 1, message.epoch, message.version];
  for (const { key, flow, estimate } of message.items) fields.push(key, flow, estimate);
  return encodeFields(fields);
}

export function decodeAveraging(bytes: Uint8Array): AveragingMessage | undefined {
  const fields = decodeFields(bytes, bounds);
  if (fields === undefined || fields.length % 3 !== 0) return undefined;
  const [type, epoch, version] = fields;
  if (!isCount(type, 1) || !isCount(epoch, epochMax) || !isCount(version, epochMax))
    return undefined;
  const items: FlowItem[] = [];
  for (let i = 3; i < fields.length; i += 3) {
    const [key, flow, estimate] = fields.slice(i, i + 3);
    if (!isReal(key) || !isReal(flow) || !isReal(estimate)) return undefined;
    items.push({ key, flow, estimate });
  }
  return { type: type === 0 ? 'ask' : 'answer', epoch, version, items };
}
