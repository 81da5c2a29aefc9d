import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { PeerId } from '../../../src/objects/ids.ts';
import type { PeerSelector, SliceSpec } from '../../../src/objects/kinds/slice.ts';
import {
  constraintMiss,
  mayNotJoin,
  mayNotStay,
} from '../../../src/reconcilers/slice/eligibility.ts';
import { rankPeers } from '../../../src/reconcilers/slice/score.ts';
import { aMembership, aPeer, aSlice, aView } from './objects.ts';

const allow = (): { allowed: boolean; message: string } => ({ allowed: true, message: '' });

const machine = aPeer(1, {
  labels: { site: 'lab', cores: '99', tier: '3' },
  attributes: { cores: '4', memory: '8Gi', load: '0.5' },
});

test('where compares labels as text and attributes as quantities', () => {
  const cases: [PeerSelector['matchExpressions'], boolean][] = [
    [[{ key: 'site', operator: 'In', values: ['office', 'lab'] }], true],
    [[{ key: 'site', operator: 'In', values: ['office'] }], false],
    [[{ key: 'site', operator: 'NotIn', values: ['lab'] }], false],
    [[{ key: 'rack', operator: 'NotIn', values: ['r1'] }], true],
    [[{ key: 'site', operator: 'Exists' }], true],
    [[{ key: 'rack', operator: 'Exists' }], false],
    [[{ key: 'rack', operator: 'DoesNotExist' }], true],
    [[{ key: 'memory', operator: 'Gt', values: ['8191Mi'] }], true],
    [[{ key: 'memory', operator: 'Gt', values: ['8Gi'] }], false],
    [[{ key: 'memory', operator: 'In', values: ['8192Mi'] }], true],
    [[{ key: 'load', operator: 'Lt', values: ['501m'] }], true],
    [[{ key: 'tier', operator: 'Gt', values: ['2'] }], true],
    [[{ key: 'site', operator: 'Gt', values: ['2'] }], false],
    [[{ key: 'cores', operator: 'Lt', values: ['5'] }], true],
  ];
  for (const [matchExpressions, fits] of cases) {
    const miss = constraintMiss(machine, { matchExpressions: matchExpressions! });
    assert.equal(miss === undefined, fits, `${JSON.stringify(matchExpressions)}: ${miss}`);
  }
});

test('a reserved attribute is the machine, never a label of that name', () => {
  assert.equal(constraintMiss(machine, { matchLabels: { cores: '4' } }), undefined);
  assert.equal(constraintMiss(machine, { matchLabels: { cores: '99' } }), 'cores is 4, wants 99');
  const bare = aPeer(1, { labels: { uptime: '5' }, attributes: {} });
  assert.equal(
    constraintMiss(bare, { matchLabels: { uptime: '5' } }),
    'uptime is not set, wants 5',
  );
});

test('names that every object has are not labels', () => {
  for (const key of ['constructor', '__proto__', 'toString']) {
    assert.notEqual(
      constraintMiss(machine, { matchExpressions: [{ key, operator: 'Exists' }] }),
      undefined,
    );
  }
});

test('who does not understand a wish does not volunteer for it', () => {
  const strange = { size: 1, priority: 5 } as unknown as SliceSpec;
  assert.equal(mayNotJoin(aSlice(strange), machine, allow)?.type, 'unsupported');
  const fence = { size: 1, onPartition: 'Fence' } as unknown as SliceSpec;
  assert.match(mayNotJoin(aSlice(fence), machine, allow)!.message, /onPartition: Fence/);
});

test('a template without a driver takes any that works and is allowed; a named one must be both', () => {
  const drivers = [
    { name: 'process', healthy: true },
    { name: 'vm', healthy: false },
  ];
  const peer = aPeer(1, { drivers });
  const onlyVm = (_owner: string, driver: string | undefined): ReturnType<typeof allow> => ({
    allowed: driver === 'vm',
    message: 'process is refused',
  });
  const spec = { size: 1, template: { spec: { command: ['x'] } } };
  const named = { size: 1, template: { spec: { command: ['x'], driver: 'vm' } } };
  assert.equal(mayNotJoin(aSlice(spec), peer, allow), undefined);
  assert.equal(mayNotJoin(aSlice(spec), peer, onlyVm)?.type, 'policy');
  assert.equal(mayNotJoin(aSlice(named), peer, allow)?.type, 'driver');
  assert.equal(
    mayNotStay(aSlice(named), peer, allow),
    undefined,
    'a member outlives a sick driver',
  );
});

test('a member leaves when it is excluded or refused, and not for what its work does to its load', () => {
  const slice = aSlice({
    size: 1,
    where: { matchExpressions: [{ key: 'load', operator: 'Lt', values: ['0.1'] }] },
  });
  assert.equal(mayNotJoin(slice, machine, allow)?.type, 'constraint');
  assert.equal(mayNotStay(slice, machine, allow), undefined);
  assert.equal(
    mayNotStay(aSlice({ size: 1, exclude: ['node1'] }), machine, allow)?.type,
    'excluded',
  );
  const refuse = (): ReturnType<typeof allow> => ({ allowed: false, message: 'no' });
  assert.equal(mayNotStay(slice, machine, refuse)?.type, 'policy');
});

// Rank

const four = [1, 2, 3, 4].map((at) =>
  aPeer(at, { attributes: { cpuScore: String(at * 100), load: String(at) } }),
);
const allAlive = aMembership('peer1' as PeerId, [1, 2, 3, 4]);
const ids = (spec: SliceSpec, membership = allAlive): readonly string[] =>
  rankPeers(aSlice(spec), four, membership).ranked.map(({ peer }) => peer.id);

test('rank sums weight times quantile, so that units cancel; ties go to the lower id', () => {
  assert.deepEqual(ids({ rank: { by: [{ attribute: 'cpuScore' }] } }), [
    'peer4',
    'peer3',
    'peer2',
    'peer1',
  ]);
  assert.deepEqual(ids({ rank: { by: [{ attribute: 'load', weight: -1 }] } }), [
    'peer1',
    'peer2',
    'peer3',
    'peer4',
  ]);
  const cancelled = { by: [{ attribute: 'cpuScore' }, { attribute: 'load', weight: -1 }] };
  assert.deepEqual(ids({ rank: cancelled }), ['peer1', 'peer2', 'peer3', 'peer4']);
  const weighed = {
    by: [
      { attribute: 'cpuScore', weight: 2 },
      { attribute: 'load', weight: -1 },
    ],
  };
  assert.deepEqual(ids({ rank: weighed }), ['peer4', 'peer3', 'peer2', 'peer1']);
  const ranking = rankPeers(aSlice({ rank: weighed }), four, allAlive);
  assert.ok(ranking.ranked.every(({ score }) => Number.isInteger(score)));
});

test('topPercent counts those that live and fit where, at least one', () => {
  const within = (topPercent: number, spec: SliceSpec = {}, membership = allAlive): number =>
    rankPeers(aSlice({ ...spec, rank: { topPercent } }), four, membership).within;
  assert.deepEqual([within(1), within(25), within(26), within(100)], [1, 1, 2, 4]);
  const where: PeerSelector = {
    matchExpressions: [{ key: 'load', operator: 'Gt', values: ['2'] }],
  };
  assert.equal(within(50, { where }), 1);
  const oneDead = aMembership('peer1' as PeerId, [1, 2, 3, 4], [aView(4, { state: 'dead' })]);
  assert.equal(within(100, {}, oneDead), 3);
});
