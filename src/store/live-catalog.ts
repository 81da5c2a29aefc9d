import type { ApiObject } from '../objects/object.ts';
import type { KindKey, Uid } from '../objects/ids.ts';
import { canonicalJson } from '../lib/canonical-json.ts';
import type { Json } from '../objects/json.ts';
import type { Catalog, CatalogEvent } from './catalog.ts';

/** How many past events a watch may still ask for. */
const historyMax = 4096;

export interface Generation {
  readonly generation: number;
  /** Canonical JSON of what counts as the wish: spec and deletionTimestamp. */
  readonly wish: string;
}

interface Entry {
  readonly object: ApiObject;
  /** Canonical JSON without resourceVersion, to tell a change from a no-op. */
  readonly content: string;
}

/**
 * The catalog as a map with one counter and a bounded history. Whoever derives objects calls `put` and `drop` as
 * often as it likes: only a real change moves the resourceVersion and reaches the listeners.
 */
export class LiveCatalog implements Catalog {
  readonly #kinds = new Map<KindKey, Map<string, Entry>>();
  readonly #generations = new Map<Uid, Generation>();
  readonly #listeners = new Set<(event: CatalogEvent) => void>();
  #history: CatalogEvent[] = [];
  #resourceVersion: number;
  /** Events up to and including this one are forgotten. */
  #forgotten: number;

  /** @param firstResourceVersion must exceed every version this peer ever showed. */
  constructor(
    firstResourceVersion: number,
    generations: ReadonlyMap<Uid, Generation> = new Map<Uid, Generation>(),
  ) {
    this.#resourceVersion = firstResourceVersion;
    this.#forgotten = firstResourceVersion;
    for (const [uid, generation] of generations) this.#generations.set(uid, generation);
  }

  get(kind: KindKey, namespace: string, name: string): ApiObject | undefined {
    return this.#kinds.get(kind)?.get(keyOf(namespace, name))?.object;
  }

  list(kind: KindKey, namespace?: string): readonly ApiObject[] {
    const entries = this.#kinds.get(kind);
    if (entries === undefined) return [];
    const found: ApiObject[] = [];
    for (const { object } of entries.values()) {
      if (namespace === undefined || (object.metadata.namespace ?? '') === namespace)
        found.push(object);
    }
    return found.sort(byName);
  }

  resourceVersion(): number {
    return this.#resourceVersion;
  }

  since(kind: KindKey, resourceVersion: number): readonly CatalogEvent[] | 'expired' {
    if (resourceVersion < this.#forgotten || resourceVersion > this.#resourceVersion) {
      return 'expired';
    }
    return this.#history.filter(
      (event) => event.kind === kind && event.resourceVersion > resourceVersion,
    );
  }

  subscribe(listener: (event: CatalogEvent) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** The generation of an object, for whoever derives `observedGeneration`. */
  generationOf(uid: Uid): number {
    return this.#generations.get(uid)?.generation ?? 1;
  }

  generations(): ReadonlyMap<Uid, Generation> {
    return this.#generations;
  }

  /**
   * Counts a generation when the wish of this uid changed, and answers with the current one; to be called before
   * status is derived from it.
   */
  observeWish(object: ApiObject): number {
    const wish = canonicalJson({
      spec: object.spec ?? null,
      deletionTimestamp: object.metadata.deletionTimestamp ?? null,
    });
    const uid = object.metadata.uid;
    const known = this.#generations.get(uid);
    if (known?.wish === wish) return known.generation;
    const generation = (known?.generation ?? 0) + 1;
    this.#generations.set(uid, { generation, wish });
    return generation;
  }

  /** Shows `object`; generation and resourceVersion are set here. Answers the object as shown. */
  put(kind: KindKey, object: ApiObject): ApiObject {
    const generation = this.observeWish(object);
    const key = keyOf(object.metadata.namespace ?? '', object.metadata.name);
    const entries = this.#entries(kind);
    const previous = entries.get(key);
    const shown = { ...object, metadata: { ...object.metadata, generation } };
    const content = canonicalJson(shown as unknown as Json);
    if (previous?.content === content) return previous.object;
    if (previous !== undefined && previous.object.metadata.uid !== object.metadata.uid) {
      this.drop(kind, object.metadata.namespace ?? '', object.metadata.name);
      return this.put(kind, object);
    }
    const resourceVersion = this.#resourceVersion + 1;
    const versioned: ApiObject = {
      ...shown,
      metadata: { ...shown.metadata, resourceVersion: String(resourceVersion) },
    };
    entries.set(key, { object: versioned, content });
    this.#emit({
      type: previous === undefined ? 'ADDED' : 'MODIFIED',
      kind,
      object: versioned,
      ...(previous === undefined ? {} : { previous: previous.object }),
      resourceVersion,
    });
    return versioned;
  }

  drop(kind: KindKey, namespace: string, name: string): void {
    const entries = this.#entries(kind);
    const key = keyOf(namespace, name);
    const previous = entries.get(key);
    if (previous === undefined) return;
    entries.delete(key);
    this.#generations.delete(previous.object.metadata.uid);
    const resourceVersion = this.#resourceVersion + 1;
    const object: ApiObject = {
      ...previous.object,
      metadata: { ...previous.object.metadata, resourceVersion: String(resourceVersion) },
    };
    this.#emit({ type: 'DELETED', kind, object, previous: previous.object, resourceVersion });
  }

  #entries(kind: KindKey): Map<string, Entry> {
    let entries = this.#kinds.get(kind);
    if (entries === undefined) {
      entries = new Map();
      this.#kinds.set(kind, entries);
    }
    return entries;
  }

  #emit(event: CatalogEvent): void {
    this.#resourceVersion = event.resourceVersion;
    this.#history.push(event);
    if (this.#history.length > historyMax * 2) {
      const cut = this.#history.length - historyMax;
      this.#forgotten = this.#history[cut - 1]?.resourceVersion ?? this.#forgotten;
      this.#history = this.#history.slice(cut);
    }
    for (const listener of this.#listeners) listener(event);
  }
}

function keyOf(namespace: string, name: string): string {
  return `${namespace}/${name}`;
}

function byName(a: ApiObject, b: ApiObject): number {
  const namespaceA = a.metadata.namespace ?? '';
  const namespaceB = b.metadata.namespace ?? '';
  if (namespaceA !== namespaceB) return namespaceA < namespaceB ? -1 : 1;
  if (a.metadata.name === b.metadata.name) return 0;
  return naturally(a.metadata.name) < naturally(b.metadata.name) ? -1 : 1;
}

/** node2 before node10: people number their machines. */
function naturally(name: string): string {
  return name.replace(/\d+/g, (digits) => digits.padStart(12, '0'));
}
