import { compareOrders } from './hybrid-clock.ts';
import type { VerifiedRecord } from './record.ts';

/** The total order of records of one slot; greater wins. 0 only for the same record. */
export function compareRecords(a: VerifiedRecord, b: VerifiedRecord): number {
  return (
    compareOrders(a.body.order, b.body.order) ||
    compareTexts(a.body.signer, b.body.signer) ||
    compareTexts(a.hash, b.hash)
  );
}

export function compareTexts(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
