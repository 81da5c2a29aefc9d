import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Condition } from '../../../src/objects/condition.ts';
import type { Instance, InstanceState } from '../../../src/objects/kinds/instance.ts';
import type { OwnerName, PeerId, Uid } from '../../../src/objects/ids.ts';
import type { PlacementWorld, SliceView } from '../../../src/reconcilers/slice/world.ts';
import type { SliceStatus } from '../../../src/objects/kinds/slice.ts';
import { deriveSliceStatus } from '../../../src/reconcilers/slice/status.ts';
import { explainPlacement } from '../../../src/reconcilers/slice/explain.ts';
import { aClaim, aMembership, aPeer, aSlice, aView, aWorld } from './objects.ts';

const now = '2026-11-22T12:00:00Z';
const self = 'peer1' as PeerId;
const template = { spec: { command: ['sleep', '1'] } };

const holders = (...ats: number[]): PlacementWorld['claims'] =>
  ats.map((at, index) => ({
    namespace: 'default',
    spec: aClaim(at, { state: 'Held', index, seniority: index + 1 }),
  }));

function instance(
  at: number,
  state: InstanceState,
  ready = state === 'Running',
  hash = 'v1',
): Instance {
  return {
    apiVersion: 'p2pcs.io/v1alpha1',
    kind: 'Instance',
    metadata: { name: `structures-node${at}`, uid: `i${at}` as Uid, creationTimestamp: now },
    spec: {
      slice: { name: 'structures', uid: 'uid-1' as Uid },
      peer: `node${at}`,
      peerId: `peer${at}`,
      index: 0,
      driver: 'process',
      templateHash: hash,
    },
    status: { peer: `node${at}`, state, ready, restarts: 0 },
  };
}

function status(
  slice: SliceView,
  world: PlacementWorld,
  instances: readonly Instance[] = [],
  previous: readonly Condition[] = [],
  templateHash = 'v1',
): SliceStatus {
  return deriveSliceStatus(slice, world, { instances, previous, now, templateHash });
}

const ready = (of: SliceStatus): Condition => of.conditions.find(({ type }) => type === 'Ready')!;
const reconciling = (of: SliceStatus): boolean =>
  of.conditions.some(({ type }) => type === 'Reconciling');

test('members are Held claims of peers that live, by index, with what runs on them', () => {
  const slice = aSlice({ size: 3, template });
  const world = aWorld({ claims: holders(3, 1, 2) });
  const of = status(slice, world, [
    instance(3, 'Running'),
    instance(1, 'Running', false),
    instance(2, 'Starting'),
  ]);
  assert.deepEqual(
    of.members.map(({ peer, state, index }) => [peer, state, index]),
    [
      ['node3', 'Ready', 0],
      ['node1', 'Running', 1],
      ['node2', 'Held', 2],
    ],
  );
  assert.deepEqual([of.desiredMembers, of.heldMembers, of.readyMembers], [3, 3, 1]);
  assert.deepEqual(
    [ready(of).status, ready(of).reason, reconciling(of)],
    ['False', 'Starting', true],
  );
  assert.equal(of.selector, 'p2pcs.io/slice=structures');
});

test('Ready is True exactly when all that was wanted is there', () => {
  const slice = aSlice({ size: 2, template });
  const of = status(slice, aWorld({ claims: holders(1, 2) }), [
    instance(1, 'Running'),
    instance(2, 'Running'),
  ]);
  assert.deepEqual([ready(of).status, ready(of).reason, reconciling(of)], ['True', 'Ready', false]);
});

test('a reserved place is ready without anything running', () => {
  const of = status(aSlice({ size: 2 }), aWorld({ claims: holders(1, 2) }));
  assert.deepEqual([ready(of).status, of.readyMembers], ['True', 2]);
  assert.match(ready(of).message, /reserved/);
});

test('dead peers and older boots hold nothing; the away are listed and not ready', () => {
  const views = [
    aView(2, { state: 'dead' }),
    aView(3, { boot: 2 }),
    aView(4, { state: 'away', awayUntilMs: 9 }),
  ];
  const world = aWorld({
    claims: holders(1, 2, 3, 4),
    membership: aMembership(self, [1], views),
  });
  const of = status(aSlice({ size: 2 }), world);
  assert.deepEqual(
    of.members.map(({ peer, state }) => [peer, state]),
    [
      ['node1', 'Ready'],
      ['node4', 'Away'],
    ],
  );
  assert.deepEqual([of.heldMembers, of.readyMembers, ready(of).reason], [1, 1, 'Away']);
});

test('too many members, leaving ones, failed ones and outdated ones each have their reason', () => {
  const surplus = status(aSlice({ size: 1 }), aWorld({ claims: holders(1, 2) }));
  assert.equal(ready(surplus).reason, 'Surplus');
  const slice = aSlice({ size: 2, template });
  const world = aWorld({ claims: holders(1, 2) });
  const running = instance(1, 'Running');
  assert.equal(ready(status(slice, world, [running, instance(2, 'Failed')])).reason, 'Failed');
  assert.equal(
    ready(status(slice, world, [running, instance(2, 'Succeeded')])).reason,
    'Completed',
  );
  const old = [running, instance(2, 'Starting', false, 'v0')];
  assert.equal(ready(status(slice, world, old)).reason, 'Updating');
  const deleting = status(aSlice({ size: 2 }, { deleting: true }), world);
  assert.equal(ready(deleting).reason, 'Terminating');
});

test('a transition time moves only when the status flips', () => {
  const before = (value: 'True' | 'False'): Condition[] => [
    {
      type: 'Ready',
      status: value,
      reason: 'X',
      message: '',
      lastTransitionTime: '2020-01-01T00:00:00Z',
    },
  ];
  const world = aWorld({ claims: holders(1, 2) });
  assert.equal(
    ready(status(aSlice({ size: 2 }), world, [], before('True'))).lastTransitionTime,
    '2020-01-01T00:00:00Z',
  );
  assert.equal(
    ready(status(aSlice({ size: 2 }), world, [], before('False'))).lastTransitionTime,
    now,
  );
});

test('the order of the records changes nothing', () => {
  const claims = [...holders(3, 1, 2), ...holders(3, 1, 2)];
  const slice = aSlice({ size: 3 });
  assert.deepEqual(
    status(slice, aWorld({ claims })),
    status(slice, aWorld({ claims: claims.toReversed() })),
  );
});

// Shortage and explanation

const ten = Array.from({ length: 10 }, (_, at) => at + 1);
const refusing = aWorld({
  peers: ten.map((at) => aPeer(at)),
  membership: aMembership(self, ten),
  claims: holders(4, 5, 6, 7, 8, 9, 10),
  policy: (owner, _driver, peer) =>
    owner === 'bob' && ['node1', 'node2', 'node3'].includes(peer.name)
      ? {
          allowed: false,
          policy: 'no-bob',
          rule: 'not-bob',
          message: `TrustPolicy no-bob refuses ${owner} on ${peer.name}`,
        }
      : { allowed: true, message: '' },
});
const bobs = aSlice({ size: 10 }, { owner: 'bob' as OwnerName });

test('a shortage names the rule that refused, the peers and their number', () => {
  const of = status(bobs, refusing);
  assert.deepEqual(
    [ready(of).status, ready(of).reason, reconciling(of)],
    ['False', 'Shortage', false],
  );
  assert.equal(
    ready(of).message,
    'wants 10, 7 hold places; refused by TrustPolicy no-bob rule not-bob on node1, node2, node3 (3); 0 busy in other slices',
  );
});

test('places that can still be filled are not a shortage', () => {
  const of = status(aSlice({ size: 3 }), aWorld({ claims: holders(1, 2) }));
  assert.deepEqual([ready(of).reason, reconciling(of)], ['Filling', true]);
});

test('each known peer is explained: in and why, or out and why', () => {
  const attributes = (at: number): Record<string, string> => ({
    cpuScore: String(at),
    memory: '4Gi',
  });
  const other = aSlice({ size: 1 }, { uid: 'uid-2' as Uid, name: 'other' });
  const slice = aSlice({
    size: 2,
    exclude: ['node3'],
    where: { matchExpressions: [{ key: 'memory', operator: 'Gt', values: ['3Gi'] }] },
    rank: { by: [{ attribute: 'cpuScore' }], topPercent: 60 },
  });
  const peers = [1, 2, 3, 4, 5, 6, 7, 8].map((at) => aPeer(at, { attributes: attributes(at) }));
  peers[3] = aPeer(4, { attributes: { cpuScore: '4', memory: '2Gi' } });
  const world = aWorld({
    slices: [slice, other],
    peers,
    membership: aMembership(self, [1, 2, 3, 4, 6, 7, 8], [aView(5, { state: 'dead' })]),
    claims: [
      ...holders(8),
      {
        namespace: 'default',
        spec: aClaim(7, { slice: { name: 'other', uid: 'uid-2' as Uid }, state: 'Held', index: 0 }),
      },
      { namespace: 'default', spec: aClaim(6) },
    ],
  });
  const rows = explainPlacement(slice, world).map((row) => [
    row.peer,
    row.in,
    row.state,
    row.reasons[0],
  ]);
  assert.deepEqual(rows, [
    ['node1', false, 'Unfit', 'below the best 60 % of those that fit (4 of 6)'],
    ['node2', false, 'Unfit', 'below the best 60 % of those that fit (4 of 6)'],
    ['node3', false, 'Excluded', 'named in spec.exclude'],
    ['node4', false, 'Unfit', 'memory is 2Gi, wants Gt 3Gi'],
    ['node5', false, 'Dead', 'it does not answer'],
    ['node6', false, 'Offered', 'offers itself and settles'],
    ['node7', false, 'Busy', 'busy in slice default/other'],
    ['node8', true, 'Held', 'holds place 0 since turn 1'],
  ]);
  const full = explainPlacement({ ...slice, spec: { size: 1 } }, world).find(
    ({ peer }) => peer === 'node1',
  );
  assert.deepEqual(full?.reasons, ['free, and the slice is full', 'rank 1 of 7']);
});

test('a refusal is told in the words of the policy', () => {
  const [row] = explainPlacement(bobs, refusing);
  assert.deepEqual(
    [row?.state, row?.reasons[0]],
    ['Refused', 'TrustPolicy no-bob refuses bob on node1'],
  );
});
