import type { ClaimSpec } from '../../../src/objects/kinds/claim.ts';
import type { KnownPeer, PlacementWorld, SliceView } from '../../../src/reconcilers/slice/world.ts';
import type { Membership, MemberView } from '../../../src/gossip/membership.ts';
import type { OwnerName, PeerId, PeerName, Uid } from '../../../src/objects/ids.ts';
import type { SliceSpec } from '../../../src/objects/kinds/slice.ts';

const aliceOwner = 'alice' as OwnerName;

export function aSlice(spec: SliceSpec, more: Partial<SliceView> = {}): SliceView {
  return {
    uid: 'uid-1' as Uid,
    namespace: 'default',
    name: 'structures',
    owner: aliceOwner,
    spec,
    specHash: JSON.stringify(spec),
    createdOrder: 1,
    deleting: false,
    ...more,
  };
}

export function aPeer(at: number, more: Partial<KnownPeer> = {}): KnownPeer {
  return {
    id: `peer${at}` as PeerId,
    name: `node${at}` as PeerName,
    owner: aliceOwner,
    labels: {},
    attributes: { cores: '4', memory: '8Gi' },
    drivers: [{ name: 'process', healthy: true }],
    ...more,
  };
}

/** An Offer of that peer for the slice `uid-1`. */
export function aClaim(at: number, more: Partial<ClaimSpec> = {}): ClaimSpec {
  return {
    slice: { name: 'structures', uid: 'uid-1' as Uid },
    peer: `node${at}` as PeerName,
    peerId: `peer${at}` as PeerId,
    boot: 1,
    incarnation: 0,
    revision: 1,
    state: 'Offered',
    specHash: 'hash',
    score: 0,
    seniority: 0,
    ...more,
  };
}

export function aView(at: number, more: Partial<MemberView> = {}): MemberView {
  return {
    peer: `peer${at}` as PeerId,
    boot: 1,
    incarnation: 0,
    state: 'alive',
    sinceMs: 0,
    reset: false,
    addresses: [],
    ...more,
  };
}

/** All alive but for those that `views` tells otherwise. */
export function aMembership(
  self: PeerId,
  alive: readonly number[],
  views: readonly MemberView[] = [],
): Membership {
  const all = new Map(alive.map((at) => [`peer${at}`, aView(at)]));
  for (const view of views) all.set(view.peer, view);
  return { self, get: (peer) => all.get(peer), all: () => [...all.values()] };
}

export function aWorld(more: Partial<PlacementWorld> = {}): PlacementWorld {
  const ats = [1, 2, 3, 4];
  return {
    slices: [],
    claims: [],
    membership: aMembership('peer1' as PeerId, ats),
    peers: ats.map((at) => aPeer(at)),
    policy: () => ({ allowed: true, message: '' }),
    ...more,
  };
}
