import type { ApiObject } from '../objects/object.ts';
import type { KindKey } from '../objects/ids.ts';

export interface CatalogEvent {
  readonly type: 'ADDED' | 'MODIFIED' | 'DELETED';
  readonly kind: KindKey;
  /** For DELETED: the last state, with the resourceVersion of the deletion. */
  readonly object: ApiObject;
  /** For MODIFIED: what it was before, so that a watch with a selector can tell who left it. */
  readonly previous?: ApiObject;
  readonly resourceVersion: number;
}

/**
 * What this peer knows, as objects: records assembled, status derived, `generation` and `resourceVersion` local.
 * resourceVersion is one counter for all kinds, seeded from the clock, and never moves on a no-op.
 */
export interface Catalog {
  get(kind: KindKey, namespace: string, name: string): ApiObject | undefined;
  /** Sorted by namespace, then name. Undefined namespace: all. */
  list(kind: KindKey, namespace?: string): readonly ApiObject[];
  resourceVersion(): number;
  /** Events of a kind after `resourceVersion`, oldest first; `expired` when history no longer reaches back. */
  since(kind: KindKey, resourceVersion: number): readonly CatalogEvent[] | 'expired';
  /** Called synchronously after each change, in order. */
  subscribe(listener: (event: CatalogEvent) => void): () => void;
}
