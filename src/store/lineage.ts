import { maxAncestors } from './bounds.ts';
import type { RecordBody, VerifiedRecord } from './record.ts';

/** First 16 digits of the hashes of what a record descends from, newest first. */
export function ancestorsOf(body: Pick<RecordBody, 'base' | 'lineage'>): readonly string[] {
  return body.base === null ? [] : [body.base.slice(0, 16), ...body.lineage];
}

/**
 * Whether the writer of `winner` cannot have known `loser`: it is no ancestor. When the history that the winner
 * brings does not reach back far enough to tell, the answer is no; peers nearer to the two writers saw it in full.
 */
export function isConcurrent(winner: VerifiedRecord, loser: VerifiedRecord): boolean {
  const ancestors = ancestorsOf(winner.body);
  if (ancestors.includes(loser.hash.slice(0, 16))) return false;
  if (ancestors.length < maxAncestors) return true;
  // A common ancestor inside the winner's history: the loser would have to stand between the two.
  return ancestorsOf(loser.body).some((ancestor) => ancestors.includes(ancestor));
}
