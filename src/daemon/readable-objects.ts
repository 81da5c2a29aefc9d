import { misfit } from '../api/misfit.ts';
import { kindKeys } from '../objects/kind-keys.ts';
import type { KindInfo } from '../api/kind-info.ts';
import type { KindKey } from '../objects/ids.ts';
import type { JsonObject } from '../objects/json.ts';
import type { StoredObject } from '../store/stored-object.ts';
import type { Logger } from './logger.ts';

/** Kinds that decisions are made from. TrustPolicies are not among them: no reader takes their shape for granted. */
const checkedKinds: ReadonlySet<KindKey> = new Set([
  kindKeys.slice,
  kindKeys.claim,
  kindKeys.instance,
  kindKeys.peer,
]);
/** Told at most so often, whoever writes them. */
const logEveryMs = 1_000;

/**
 * Tells objects of a sound shape from the rest. The schema is checked where a write is admitted, which may have been a
 * hostile peer: what other peers wrote is checked again before anything is decided from it, once an object.
 */
export class ReadableObjects {
  readonly #kinds: ReadonlyMap<KindKey, KindInfo>;
  readonly #logger: Logger;
  readonly #nowMs: () => number;
  readonly #verdicts = new WeakMap<StoredObject, boolean>();
  #loggedMs = -Infinity;

  constructor(kinds: readonly KindInfo[], logger: Logger, nowMs: () => number) {
    this.#kinds = new Map(
      kinds
        .filter(({ key }) => checkedKinds.has(key))
        .map((kind) => [kind.key, withoutMetadata(kind)]),
    );
    this.#logger = logger;
    this.#nowMs = nowMs;
  }

  has(stored: StoredObject): boolean {
    const known = this.#verdicts.get(stored);
    if (known !== undefined) return known;
    const verdict = this.#judge(stored);
    this.#verdicts.set(stored, verdict);
    return verdict;
  }

  #judge(stored: StoredObject): boolean {
    const kind = this.#kinds.get(stored.kind);
    if (kind === undefined) return true;
    const object = stored.object as unknown as JsonObject;
    const found = misfit(kind.schema, object) ?? kind.rules.validate?.(object)[0];
    if (found === undefined) return true;
    if (this.#nowMs() - this.#loggedMs >= logEveryMs) {
      this.#loggedMs = this.#nowMs();
      const { namespace, name, signer } = stored;
      this.#logger.warn('object malformed: kept, and ignored', {
        kind: stored.kind,
        namespace,
        name,
        signer,
        field: found.field,
        message: found.message.slice(0, 300),
      });
    }
    return false;
  }
}

/** Metadata is put together by the store, which checks it. */
function withoutMetadata(kind: KindInfo): KindInfo {
  const { metadata: _metadata, ...properties } = kind.schema.properties ?? {};
  return { ...kind, schema: { ...kind.schema, properties } };
}
