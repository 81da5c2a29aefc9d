import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { eventually, LocalCloud, workOf, type SliceJson } from './local-cloud.ts';

let cloud: LocalCloud;

before(async () => {
  cloud = await LocalCloud.up(10);
});

after(async () => {
  await cloud.down();
});

function manifest(name: string): string {
  return [
    'apiVersion: p2pcs.io/v1alpha1',
    'kind: Slice',
    `metadata: {name: ${name}}`,
    'spec: {size: 6, template: {spec: {driver: process, command: [sleep, infinity]}}}',
  ].join('\n');
}

test('two slices of six applied on two peers at the same moment, ten times: ten peers used, none twice', async () => {
  for (let round = 1; round <= 10; round += 1) {
    const names = [`left-${round}`, `right-${round}`] as const;
    await Promise.all([
      cloud.ctl(['apply', '-f', '-'], {
        input: manifest(names[0]),
        context: `node${1 + (round % 5)}`,
      }),
      cloud.ctl(['apply', '-f', '-'], {
        input: manifest(names[1]),
        context: `node${6 + (round % 5)}`,
      }),
    ]);
    const slices = await eventually(
      `round ${round}: all ten peers hold a place and run`,
      async () => {
        const both = await Promise.all(names.map((name) => cloud.slice(name)));
        assertDisjoint(both);
        const ready = both.map(({ status }) => status.readyMembers);
        return (ready[0] ?? 0) + (ready[1] ?? 0) === 10 ? both : undefined;
      },
    );
    assert.deepEqual(
      slices.map(({ status }) => status.readyMembers).toSorted((a, b) => a - b),
      [4, 6],
      'one slice is whole, the other gets the rest',
    );
    const short = slices.find(({ status }) => status.readyMembers === 4);
    const ready = short?.status.conditions.find(({ type }) => type === 'Ready');
    assert.equal(ready?.status, 'False');
    assert.equal(ready?.reason, 'Shortage');
    const claims = await cloud.json<{
      items: { spec: { state: string; slice: { name: string } } }[];
    }>(['get', 'claims']);
    const live = claims.items.filter(({ spec }) =>
      names.includes(spec.slice.name as `left-${number}`),
    );
    assert.deepEqual(
      live.map(({ spec }) => spec.state),
      Array.from({ length: 10 }, () => 'Held'),
      'nothing is left half-claimed',
    );
    await cloud.ctl(['delete', 'slice', ...names]);
    await eventually(`round ${round}: all work has ended`, async () => {
      const left = await Promise.all(names.map((name) => workOf(cloud.home, name)));
      return left.flat().length === 0 ? true : undefined;
    });
  }
});

function assertDisjoint(slices: readonly SliceJson[]): void {
  const peers = slices.flatMap(({ status }) => status.members.map(({ peer }) => peer));
  assert.equal(new Set(peers).size, peers.length, `a peer is in two slices: ${peers.join(', ')}`);
}
