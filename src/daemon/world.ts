import { decide, type WrittenPolicy } from '../trust/decide.ts';
import { kindKeys } from '../objects/kind-keys.ts';
import { madeAtMs } from './uuid-v7.ts';
import type { Membership } from '../gossip/membership.ts';
import type { PeerId, PeerName } from '../objects/ids.ts';
import type { ClaimSpec } from '../objects/kinds/claim.ts';
import type { PeerSpec, PeerStatus } from '../objects/kinds/peer.ts';
import type { SliceSpec } from '../objects/kinds/slice.ts';
import type {
  KnownClaim,
  KnownPeer,
  PlacementWorld,
  PolicyFunction,
  SliceView,
} from '../reconcilers/slice/world.ts';
import type { RecordStore, StoreChange } from '../store/record-store.ts';
import type { StoredObject } from '../store/stored-object.ts';

/** One Slice as placement sees it. */
export function sliceViewOf(stored: StoredObject): SliceView {
  return {
    uid: stored.uid,
    namespace: stored.namespace,
    name: stored.name,
    owner: stored.owner,
    spec: stored.object.spec as unknown as SliceSpec,
    specHash: stored.specHash,
    createdOrder:
      madeAtMs(stored.uid) ?? (Date.parse(stored.object.metadata.creationTimestamp) || 0),
    deleting: stored.object.metadata.deletionTimestamp !== undefined,
  };
}

/**
 * The records as placement sees them, made anew only for the kinds that changed: it is asked for at every step. What
 * other peers wrote is taken only in the shape that placement relies on; the rest is as if it were not there.
 */
export class PlacementRecords {
  readonly #store: RecordStore;
  readonly #membership: Membership;
  readonly #sizeEstimate: () => number | undefined;
  #slices: readonly SliceView[] | undefined;
  #claims: readonly KnownClaim[] | undefined;
  #peers: readonly KnownPeer[] | undefined;
  #policies: readonly WrittenPolicy[] | undefined;
  /** Decisions by owner, driver and peer; dropped with the policies and the peers that they rest on. */
  #decisions = new Map<string, ReturnType<PolicyFunction>>();

  constructor(store: RecordStore, membership: Membership, sizeEstimate: () => number | undefined) {
    this.#store = store;
    this.#membership = membership;
    this.#sizeEstimate = sizeEstimate;
    store.subscribe((change) => this.#changed(change));
  }

  world(): PlacementWorld {
    const sizeEstimate = this.#sizeEstimate();
    return {
      slices: (this.#slices ??= this.#store
        .objects(kindKeys.slice)
        .filter(isSlice)
        .map(sliceViewOf)),
      claims: (this.#claims ??= this.#store.objects(kindKeys.claim).flatMap(claimOf)),
      peers: (this.#peers ??= this.#readPeers()),
      membership: this.#membership,
      policy: this.#policy,
      ...(sizeEstimate === undefined ? {} : { sizeEstimate }),
    };
  }

  /** A peer's name, or its id while its record is not here. */
  nameOf(peer: PeerId): string {
    return this.world().peers.find(({ id }) => id === peer)?.name ?? peer;
  }

  readonly #policy: PolicyFunction = (owner, driver, peer) => {
    const key = `${owner}|${driver ?? ''}|${peer.id}`;
    let decision = this.#decisions.get(key);
    if (decision === undefined) {
      decision = decide((this.#policies ??= this.#readPolicies()), peer, {
        owner,
        ...(driver === undefined ? {} : { driver }),
      });
      this.#decisions.set(key, decision);
    }
    return decision;
  };

  #changed({ kind }: StoreChange): void {
    if (kind === kindKeys.slice) this.#slices = undefined;
    if (kind === kindKeys.claim) this.#claims = undefined;
    if (kind === kindKeys.peer) this.#peers = undefined;
    if (kind === kindKeys.trustPolicy) this.#policies = undefined;
    if (kind === kindKeys.trustPolicy || kind === kindKeys.peer) this.#decisions = new Map();
  }

  /** All of them, also those whose name somebody else's policy shows: an owner's word cannot be hidden by a namesake. */
  #readPolicies(): readonly WrittenPolicy[] {
    return this.#store.all(kindKeys.trustPolicy).map((stored) => ({
      name: stored.name,
      writer: stored.owner,
      spec: stored.object.spec,
    }));
  }

  #readPeers(): readonly KnownPeer[] {
    return this.#store.objects(kindKeys.peer).flatMap((stored) => {
      const spec = stored.object.spec as unknown as PeerSpec | undefined;
      const status = stored.object.status as unknown as PeerStatus | undefined;
      if (spec === undefined) return [];
      const drivers = Array.isArray(status?.drivers) ? status.drivers : [];
      return [
        {
          id: stored.signer,
          name: stored.name as PeerName,
          owner: stored.owner,
          labels: stored.object.metadata.labels ?? {},
          attributes: textsOf(status?.attributes),
          drivers: drivers.filter(
            ({ name, healthy }) => typeof name === 'string' && typeof healthy === 'boolean',
          ),
        },
      ];
    });
  }
}

function isSlice(stored: StoredObject): boolean {
  const spec = stored.object.spec as Partial<SliceSpec> | undefined;
  return typeof spec?.size === 'number' || typeof spec?.percent === 'number';
}

function claimOf(stored: StoredObject): readonly KnownClaim[] {
  const spec = stored.object.spec as unknown as ClaimSpec | undefined;
  if (spec === undefined) return [];
  const numbers = [spec.boot, spec.incarnation, spec.revision, spec.score, spec.seniority];
  const isComplete =
    numbers.every((value) => Number.isFinite(value)) &&
    ['Offered', 'Held', 'Released'].includes(spec.state) &&
    typeof spec.slice?.uid === 'string' &&
    (spec.index === undefined || Number.isSafeInteger(spec.index));
  return isComplete ? [{ namespace: stored.namespace, spec }] : [];
}

function textsOf(value: unknown): Readonly<Record<string, string>> {
  if (typeof value !== 'object' || value === null) return {};
  return Object.fromEntries(
    Object.entries(value).filter(
      (entry): entry is [string, string] => typeof entry[1] === 'string',
    ),
  );
}
