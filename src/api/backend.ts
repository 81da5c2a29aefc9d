import type { ApiObject } from '../objects/object.ts';
import type { Catalog } from '../store/catalog.ts';
import type { Identity } from '../trust/certificates.ts';
import type { Json } from '../objects/json.ts';
import type { KindKey, Uid } from '../objects/ids.ts';

/** What a write came to. Warnings travel as `Warning:` headers. */
export interface Written {
  readonly object: ApiObject;
  readonly warnings: readonly string[];
}

/**
 * Everything the API server needs of the daemon behind it. Objects that reach `create` and `replace` are decoded,
 * defaulted and valid; the backend decides who may write, signs, stamps and fsyncs, and answers with the object as
 * the catalog then shows it. All failures are `StatusError`s.
 */
export interface Backend {
  readonly catalog: Catalog;
  /** Called before a kind is listed or watched: brings in what other peers have of it and this one does not keep. */
  refresh(kind: KindKey): Promise<void>;
  /** 403 or 404 as StatusError, or nothing. `namespace` is empty for cluster-scoped kinds. */
  authorize(
    identity: Identity,
    verb: string,
    kind: KindKey,
    namespace: string,
    name?: string,
  ): Promise<void>;
  create(
    identity: Identity,
    kind: KindKey,
    object: ApiObject,
    options: { readonly dryRun: boolean },
  ): Promise<Written>;
  /** `object` is the whole new object; `basedOn` the one it was made from (conflict when that is no longer current). */
  replace(
    identity: Identity,
    kind: KindKey,
    object: ApiObject,
    basedOn: ApiObject,
    options: { readonly dryRun: boolean },
  ): Promise<Written>;
  /** Removes it, or marks it deleting while finalizers hold it (then `object` carries deletionTimestamp). */
  remove(
    identity: Identity,
    kind: KindKey,
    object: ApiObject,
    options: { readonly dryRun: boolean; readonly uid?: Uid },
  ): Promise<Written & { readonly gone: boolean }>;
  /** Logs of an instance from whichever peer runs it. */
  logs(
    identity: Identity,
    namespace: string,
    instance: string,
    options: {
      readonly follow: boolean;
      readonly tailLines?: number;
      readonly signal: AbortSignal;
    },
  ): AsyncIterable<Uint8Array>;
  /** What is P2PCS's own, by name, under /p2pcs/v1/…: `ring`, `explain-placement`, `info`. */
  query(
    identity: Identity,
    name: string,
    parameters: Readonly<Record<string, string>>,
  ): Promise<Json>;
  /** Local events, oldest first, as core/v1 Event objects (also in the catalog under `/Event`). */
  recordEvent(event: {
    readonly regarding: ApiObject;
    readonly type: 'Normal' | 'Warning';
    readonly reason: string;
    readonly message: string;
  }): void;
}
