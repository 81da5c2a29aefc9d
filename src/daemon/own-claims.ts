import { apiVersion, kindKeys } from '../objects/kind-keys.ts';
import type { Uid } from '../objects/ids.ts';
import type { Claim, ClaimSpec, ClaimStatus } from '../objects/kinds/claim.ts';
import type { ApiObject } from '../objects/object.ts';
import type { OwnRecords } from './own-records.ts';

/**
 * This peer's claims: the allocator writes their spec, the ring their status, and both must not undo each other.
 */
export class OwnClaims {
  readonly #records: OwnRecords;
  readonly #wallMs: () => number;
  readonly #claims = new Map<
    Uid,
    { namespace: string; spec: ClaimSpec; status: ClaimStatus | undefined; created: string }
  >();

  constructor(components: { records: OwnRecords; wallMs: () => number }) {
    this.#records = components.records;
    this.#wallMs = components.wallMs;
  }

  /** Resolves when the claim is on disk. A Released claim has no neighbours. */
  async write(namespace: string, spec: ClaimSpec): Promise<void> {
    const known = this.#claims.get(spec.slice.uid);
    const status = spec.state === 'Held' ? known?.status : undefined;
    const created =
      known?.created ?? new Date(this.#wallMs()).toISOString().replace(/\.\d+Z$/, 'Z');
    this.#claims.set(spec.slice.uid, { namespace, spec, status, created });
    await this.#put(spec.slice.uid, true);
  }

  /** Ring neighbours changed; kept only while the place is held. */
  async see(slice: Uid, status: ClaimStatus): Promise<void> {
    const known = this.#claims.get(slice);
    if (known?.spec.state !== 'Held') return;
    known.status = status;
    await this.#put(slice, false);
  }

  async #put(slice: Uid, durable: boolean): Promise<void> {
    const { namespace, spec, status, created } = this.#claims.get(slice)!;
    const claim: Claim = {
      apiVersion,
      kind: 'Claim',
      metadata: {
        name: `${spec.slice.name}-${spec.peer}`,
        namespace,
        uid: this.#records.uidOf('claim', slice),
        creationTimestamp: created,
        labels: { 'p2pcs.io/slice': spec.slice.name, 'p2pcs.io/peer': spec.peer },
        ownerReferences: [
          { apiVersion, kind: 'Slice', name: spec.slice.name, uid: slice, controller: true },
        ],
      },
      spec,
      ...(status === undefined ? {} : { status }),
    };
    await this.#records.put(kindKeys.claim, claim as unknown as ApiObject, { durable });
  }
}
