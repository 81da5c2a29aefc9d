import type { KindKey } from '../objects/ids.ts';
import { apiVersionOf } from './kind-info.ts';
import type { KindInfo } from './kind-info.ts';

/**
 * The kinds that this API serves. A kind may be added at any time: discovery, OpenAPI and the routes read from here
 * on every request, and `revision` tells caches that something was added.
 */
export class KindRegistry {
  readonly #kinds: KindInfo[] = [];
  #revision = 0;

  constructor(kinds: readonly KindInfo[]) {
    for (const kind of kinds) this.add(kind);
  }

  get revision(): number {
    return this.#revision;
  }

  /** Adds a kind; one with the same group, version and plural is replaced. */
  add(kind: KindInfo): void {
    const known = this.#kinds.findIndex(
      ({ group, version, plural }) =>
        group === kind.group && version === kind.version && plural === kind.plural,
    );
    if (known >= 0) this.#kinds[known] = kind;
    else this.#kinds.push(kind);
    this.#revision += 1;
  }

  all(): readonly KindInfo[] {
    return this.#kinds;
  }

  find(group: string, version: string, plural: string): KindInfo | undefined {
    return this.#kinds.find(
      (kind) => kind.group === group && kind.version === version && kind.plural === plural,
    );
  }

  /** By an object's own `apiVersion` and `kind`. */
  ofObject(apiVersion: string, kind: string): KindInfo | undefined {
    return this.#kinds.find(
      (candidate) => candidate.kind === kind && apiVersionOf(candidate) === apiVersion,
    );
  }

  byKey(key: KindKey): KindInfo | undefined {
    return this.#kinds.find((kind) => kind.key === key);
  }
}
