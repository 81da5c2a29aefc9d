import { kindKeys } from '../../src/objects/kind-keys.ts';
import { makeOwnerRecord, makePeerRecord, type RecordDraft } from '../../src/store/make-record.ts';
import { VerifiedChains } from '../../src/store/verified-chains.ts';
import { crypto, TestCloud, type TestOwner, type TestPeer } from '../trust/cloud.ts';
import type { Uid } from '../../src/objects/ids.ts';
import type { JsonObject } from '../../src/objects/json.ts';
import type { VerifiedRecord } from '../../src/store/record.ts';
import type { RecordEnv } from '../../src/store/verify-record.ts';

export const cloud: TestCloud = new TestCloud();
export const alice: TestOwner = cloud.owner('alice');
export const bob: TestOwner = cloud.owner('bob');
export const node1: TestPeer = cloud.peer('node1', alice);
export const node2: TestPeer = cloud.peer('node2', alice);
/** A wall time within every delegation's life. */
export const startMs: number = cloud.issuedAtMs + 1000;

export function env(): RecordEnv {
  const root = { cloud: cloud.id, rootKey: cloud.root.publicKey };
  return { cloud: cloud.id, crypto, chains: new VerifiedChains(root, crypto) };
}

const delegations = new Map<string, Uint8Array>();

function delegationOf(owner: TestOwner, peer: TestPeer): Uint8Array {
  const key = `${owner.certificate.owner} ${peer.id}`;
  const known = delegations.get(key) ?? cloud.delegation(owner, peer).encoded;
  delegations.set(key, known);
  return known;
}

export const sliceDraft: RecordDraft = {
  kind: kindKeys.slice,
  namespace: 'default',
  name: 'structures',
  uid: 'u1' as Uid,
  slot: 'object',
  order: [startMs, 0],
  value: { apiVersion: 'p2pcs.io/v1alpha1', metadata: {}, spec: { size: 5 } },
};

/** A record of an owner, by default alice's Slice default/structures of uid u1, signed by node1. */
export function written(
  changes: Partial<RecordDraft> = {},
  owner: TestOwner = alice,
  peer: TestPeer = node1,
): VerifiedRecord {
  const certificates = {
    owner: owner.certificate.encoded,
    delegation: delegationOf(owner, peer),
  };
  const made = makeOwnerRecord(peer.signer, certificates, { ...sliceDraft, ...changes }, crypto);
  if (made.record === undefined) throw new Error(made.reason);
  return made.record;
}

/** A peer's Claim on the slice `structures` of uid u1. */
export function claimed(
  peer: TestPeer,
  changes: Partial<RecordDraft> = {},
  spec: JsonObject = {},
  owner: TestOwner = alice,
): VerifiedRecord {
  const draft: RecordDraft = {
    kind: kindKeys.claim,
    namespace: 'default',
    name: `structures-${peer.certificate.name}`,
    uid: `claim-${peer.certificate.name}` as Uid,
    slot: 'object',
    order: [1, 1],
    value: {
      metadata: {
        ownerReferences: [
          { apiVersion: 'p2pcs.io/v1alpha1', kind: 'Slice', name: 'structures', uid: 'u1' },
        ],
      },
      spec: { peer: peer.certificate.name, peerId: peer.id, ...spec },
    },
    ...changes,
  };
  const certificates = { owner: owner.certificate.encoded, peer: peer.certificate.encoded };
  const made = makePeerRecord(peer.signer, certificates, draft, crypto);
  if (made.record === undefined) throw new Error(made.reason);
  return made.record;
}
