import { deriveCloudStatus, type CloudFigures } from '../objects/kinds/cloud-status-derived.ts';
import { kindKeys } from '../objects/kind-keys.ts';
import { deriveSliceStatus } from '../reconcilers/slice/status.ts';
import { sliceViewOf } from './world.ts';
import type { MemberView, Membership } from '../gossip/membership.ts';
import type { Claim, ClaimSpec } from '../objects/kinds/claim.ts';
import type { Instance } from '../objects/kinds/instance.ts';
import type { Peer, PeerState } from '../objects/kinds/peer.ts';
import type { InstanceTemplateSpec, Slice, SliceStatus } from '../objects/kinds/slice.ts';
import type { ApiObject } from '../objects/object.ts';
import type { KindKey, PeerId } from '../objects/ids.ts';
import type { LiveCatalog } from '../store/live-catalog.ts';
import type { RecordStore, StoreChange } from '../store/record-store.ts';
import type { StoredObject } from '../store/stored-object.ts';
import type { PlacementWorld } from '../reconcilers/slice/world.ts';

/** An Instance of a dead peer is shown as Lost for so long. */
const lostShownMs = 10 * 60_000;
/** How often what depends on time alone is looked at. */
const sweepMs = 10_000;
/** A slice of five is some sixty records within half a second; people see no difference below this. */
const gatherMs = 15;
/** How soon a change shows in the conditions of slices that it does not belong to. */
const otherSlicesMs = 500;

interface Components {
  readonly catalog: LiveCatalog;
  readonly store: RecordStore;
  readonly membership: Membership;
  /** What placement is decided from, for the counts in a Slice's conditions. */
  readonly world: () => PlacementWorld;
  readonly figures: () => CloudFigures;
  readonly templateHash: (template: InstanceTemplateSpec) => string;
  readonly nowMs: () => number;
  readonly wallMs: () => number;
}

/**
 * Shows records as objects and derives what is not stored: Slice status, Peer state, lost Instances, CloudStatus.
 * Changes are gathered for a moment and worked off together, so that a burst costs one pass.
 */
export class Projection {
  readonly #components: Components;
  readonly #dirty = new Map<string, { kind: KindKey; namespace: string; name: string }>();
  readonly #startedMs: number;
  #allSlices = false;
  #allPeers = false;
  #scheduled: NodeJS.Timeout | undefined;
  #sweep: NodeJS.Timeout | undefined;
  #later: NodeJS.Timeout | undefined;
  #unsubscribe: (() => void) | undefined;

  constructor(components: Components) {
    this.#components = components;
    this.#startedMs = components.nowMs();
  }

  /** Shows everything there is, then follows the store. */
  start(): void {
    const { store } = this.#components;
    for (const stored of store.objects()) this.#touch(stored.kind, stored.namespace, stored.name);
    this.#unsubscribe = store.subscribe((change) => this.#changed(change));
    this.#sweep = setInterval(() => this.#lookAgain(), sweepMs);
    this.#allSlices = true;
    this.flush();
  }

  stop(): void {
    clearTimeout(this.#scheduled);
    clearInterval(this.#sweep);
    clearTimeout(this.#later);
    this.#unsubscribe?.();
  }

  /** The failure detector changed its mind about a peer. */
  peerChanged(peer: PeerId): void {
    const { store } = this.#components;
    for (const kind of [kindKeys.peer, kindKeys.claim, kindKeys.instance]) {
      for (const stored of store.objects(kind)) {
        if ((stored.object.spec as { peerId?: string } | undefined)?.peerId === peer) {
          this.#touch(kind, stored.namespace, stored.name);
        }
      }
    }
    this.#allSlices = true;
    this.#schedule();
  }

  /** Works off what is due now; called before an answer that must show one's own write. */
  flush(): void {
    clearTimeout(this.#scheduled);
    this.#scheduled = undefined;
    const dirty = [...this.#dirty.values()];
    this.#dirty.clear();
    const slices = new Map<string, StoredObject>();
    for (const { kind, namespace, name } of dirty) {
      if (kind !== kindKeys.slice) this.#show(kind, namespace, name);
    }
    const { store, catalog } = this.#components;
    if (this.#allSlices) {
      for (const stored of store.objects(kindKeys.slice))
        slices.set(`${stored.namespace}/${stored.name}`, stored);
    }
    for (const { kind, namespace, name } of dirty) {
      if (kind !== kindKeys.slice) continue;
      const stored = store.get(kindKeys.slice, namespace, name);
      if (stored === undefined) catalog.drop(kindKeys.slice, namespace, name);
      else slices.set(`${namespace}/${name}`, stored);
    }
    if (slices.size > 0) this.#showSlices([...slices.values()]);
    if (this.#allPeers) {
      for (const stored of store.objects(kindKeys.peer)) this.#show(kindKeys.peer, '', stored.name);
    }
    this.#allSlices = false;
    this.#allPeers = false;
    this.#showCloud();
  }

  #changed({ kind, namespace, name, before, after }: StoreChange): void {
    this.#touch(kind, namespace, name);
    if (kind === kindKeys.peer || kind === kindKeys.trustPolicy || kind === kindKeys.slice) {
      this.#touchOtherSlices();
    }
    const stored = after ?? before;
    if (stored === undefined || (kind !== kindKeys.claim && kind !== kindKeys.instance)) return;
    const spec = stored.object.spec as { slice?: { name?: string }; peer?: string } | undefined;
    if (spec?.slice?.name !== undefined) this.#touch(kindKeys.slice, namespace, spec.slice.name);
    if (kind === kindKeys.instance) return;
    if (spec?.peer !== undefined) this.#touch(kindKeys.peer, '', spec.peer);
    this.#touchOtherSlices();
  }

  #touch(kind: KindKey, namespace: string, name: string): void {
    this.#dirty.set(`${kind}|${namespace}|${name}`, { kind, namespace, name });
    this.#schedule();
  }

  /** What other slices say of a shortage may differ now; nobody waits for that. */
  #touchOtherSlices(): void {
    this.#later ??= setTimeout(() => {
      this.#later = undefined;
      this.#allSlices = true;
      this.flush();
    }, otherSlicesMs);
  }

  #schedule(): void {
    this.#scheduled ??= setTimeout(() => this.flush(), gatherMs);
  }

  #lookAgain(): void {
    for (const stored of this.#components.store.objects(kindKeys.instance)) {
      this.#touch(stored.kind, stored.namespace, stored.name);
    }
    this.#allSlices = true;
    this.#allPeers = true;
    this.flush();
  }

  #show(kind: KindKey, namespace: string, name: string): void {
    const { catalog, store } = this.#components;
    const stored = store.get(kind, namespace, name);
    const object = stored === undefined ? undefined : this.#shown(kind, stored);
    if (object === undefined) catalog.drop(kind, namespace, name);
    else catalog.put(kind, object);
  }

  #shown(kind: KindKey, stored: StoredObject): ApiObject | undefined {
    if (kind === kindKeys.peer) return this.#shownPeer(stored);
    if (kind === kindKeys.claim) return this.#isLive(stored) ? stored.object : undefined;
    if (kind === kindKeys.instance) return this.#shownInstance(stored);
    return stored.object;
  }

  #memberOf(stored: StoredObject): MemberView | undefined {
    return this.#components.membership.get(stored.signer);
  }

  #isLive(stored: StoredObject): boolean {
    const spec = (stored.object as unknown as Claim).spec;
    const member = this.#memberOf(stored);
    if (spec === undefined || spec.state === 'Released' || member === undefined) return false;
    return member.state !== 'dead' && member.boot <= spec.boot;
  }

  #shownPeer(stored: StoredObject): ApiObject {
    const peer = stored.object as unknown as Peer;
    const member = this.#memberOf(stored);
    const claims = this.#components.store.objects(kindKeys.claim);
    const held = claims.find(
      (claim) =>
        claim.signer === stored.signer && this.#isLive(claim) && claimOf(claim).state === 'Held',
    );
    const state: PeerState = member === undefined ? 'Unknown' : peerStates[member.state];
    const shown: Peer = {
      ...peer,
      status: {
        ...(peer.status ?? { attributes: {}, drivers: [], version: '', boot: 0, startedAt: '' }),
        state,
        ...(held === undefined ? {} : { slice: sliceLabel(held) }),
        ...(member === undefined ? {} : { incarnation: member.incarnation }),
      },
    };
    return shown as unknown as ApiObject;
  }

  #shownInstance(stored: StoredObject): ApiObject | undefined {
    const instance = stored.object as unknown as Instance;
    const member = this.#memberOf(stored);
    if (member !== undefined && member.state !== 'dead') return stored.object;
    const { nowMs } = this.#components;
    const sinceMs = member?.sinceMs ?? this.#startedMs;
    if (nowMs() - sinceMs > lostShownMs || instance.status === undefined) return undefined;
    const { pid: _pid, ...status } = instance.status;
    const lost: Instance = {
      ...instance,
      status: {
        ...status,
        state: 'Lost',
        ready: false,
        reason: 'PeerLost',
        message: `${instance.status.peer} does not answer; what ran there may still run`,
      },
    };
    return lost as unknown as ApiObject;
  }

  #showSlices(slices: readonly StoredObject[]): void {
    const { catalog, world, wallMs, store, templateHash } = this.#components;
    const known = world();
    const instances = store.objects(kindKeys.instance).flatMap((stored) => {
      const shown = this.#shownInstance(stored);
      return shown === undefined ? [] : [shown as unknown as Instance];
    });
    for (const stored of slices) {
      const previous = catalog.get(kindKeys.slice, stored.namespace, stored.name)?.status;
      const generation = catalog.observeWish(stored.object);
      const view = sliceViewOf(stored);
      const { template } = view.spec;
      const status = deriveSliceStatus(view, known, {
        instances: instances.filter(({ spec }) => spec?.slice?.uid === stored.uid),
        previous: (previous as unknown as SliceStatus | undefined)?.conditions ?? [],
        now: new Date(wallMs()).toISOString().replace(/\.\d+Z$/, 'Z'),
        observedGeneration: generation,
        ...(template === undefined ? {} : { templateHash: templateHash(template.spec) }),
      });
      const slice: Slice = { ...(stored.object as unknown as Slice), status };
      catalog.put(kindKeys.slice, slice as unknown as ApiObject);
    }
  }

  #showCloud(): void {
    const { catalog, store, figures, membership } = this.#components;
    const status = deriveCloudStatus(
      figures(),
      membership.all(),
      store.objects(kindKeys.slice).length,
    );
    const known = catalog.get(kindKeys.cloudStatus, '', 'cloud');
    catalog.put(kindKeys.cloudStatus, {
      apiVersion: 'p2pcs.io/v1alpha1',
      kind: 'CloudStatus',
      metadata:
        known?.metadata === undefined
          ? this.#cloudMetadata(status.cloudId)
          : withoutLocal(known.metadata),
      status: status as unknown as NonNullable<ApiObject['status']>,
    });
  }

  #cloudMetadata(cloudId: string): ApiObject['metadata'] {
    return {
      name: 'cloud',
      uid: `cloud-${cloudId.slice(0, 16)}` as ApiObject['metadata']['uid'],
      creationTimestamp: new Date(this.#components.wallMs()).toISOString().replace(/\.\d+Z$/, 'Z'),
    };
  }
}

const peerStates = { alive: 'Alive', suspect: 'Suspect', away: 'Away', dead: 'Dead' } as const;

function claimOf(stored: StoredObject): ClaimSpec {
  return stored.object.spec as unknown as ClaimSpec;
}

function sliceLabel(claim: StoredObject): string {
  return claim.namespace === 'default'
    ? claimOf(claim).slice.name
    : `${claim.namespace}/${claimOf(claim).slice.name}`;
}

function withoutLocal(metadata: ApiObject['metadata']): ApiObject['metadata'] {
  const { generation: _generation, resourceVersion: _resourceVersion, ...rest } = metadata;
  return rest;
}
