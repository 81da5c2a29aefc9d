import { lastApplied, withLastApplied } from './last-applied.ts';
import { threeWayMergePatch } from '../../client/merge-patch.ts';
import type { JsonObject } from '../../objects/json.ts';

/** What apply will do about one object; decided before anything is written. */
export type ApplyPlan =
  | { readonly type: 'create'; readonly body: JsonObject }
  | { readonly type: 'patch'; readonly patch: JsonObject }
  | { readonly type: 'keep' };

/**
 * Compares what the user wants with what is there. An object that was made by other means is taken over: what the
 * user does not mention stays as it is.
 */
export function planApply(wish: JsonObject, current: JsonObject | undefined): ApplyPlan {
  const { status: _, ...wanted } = wish;
  const body = withLastApplied(wanted);
  if (current === undefined) return { type: 'create', body };
  const patch = threeWayMergePatch(lastApplied(current) ?? {}, body, current);
  return Object.keys(patch).length === 0 ? { type: 'keep' } : { type: 'patch', patch };
}
