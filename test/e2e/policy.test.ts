import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { eventually, LocalCloud } from './local-cloud.ts';

let cloud: LocalCloud;

before(async () => {
  cloud = await LocalCloud.up(10, ['--owners', 'alice,bob']);
});

after(async () => {
  await cloud.down();
});

test("a TrustPolicy that refuses bob on three of ten peers leaves bob's slice of ten with seven, and says which rule", async () => {
  await cloud.ctl(['apply', '-f', '-'], {
    context: 'alice@node1',
    input: [
      'apiVersion: p2pcs.io/v1alpha1',
      'kind: TrustPolicy',
      'metadata: {name: quiet-corner}',
      'spec:',
      '  peers: [node1, node2, node3]',
      '  rules:',
      '    - {name: no-guests-here, effect: Deny, owners: [bob]}',
    ].join('\n'),
  });
  await eventually('every peer knows the policy', async () => {
    for (const peer of cloud.peers)
      await cloud.ctl(['get', 'trustpolicy', 'quiet-corner'], { context: peer });
    return true;
  });
  await cloud.ctl(['run-nodes', 'wide', '10'], { context: 'bob@node5' });
  const slice = await eventually('seven members are ready', async () => {
    const seen = await cloud.slice('wide', 'bob@node5');
    return seen.status.readyMembers === 7 ? seen : undefined;
  });
  const members = slice.status.members.map(({ peer }) => peer);
  for (const refused of ['node1', 'node2', 'node3']) assert.ok(!members.includes(refused));
  const ready = slice.status.conditions.find(({ type }) => type === 'Ready');
  assert.equal(ready?.status, 'False');
  assert.equal(ready?.reason, 'Shortage');
  assert.match(ready?.message ?? '', /quiet-corner/);
  assert.match(ready?.message ?? '', /no-guests-here/);
  const explained = await cloud.json<{ peers: { peer: string; in: boolean; reasons: string[] }[] }>(
    ['explain-placement', 'wide'],
    'bob@node5',
  );
  assert.equal(explained.peers.length, 10);
  for (const { peer, reasons } of explained.peers.filter((verdict) => !verdict.in)) {
    assert.ok(['node1', 'node2', 'node3'].includes(peer));
    assert.match(reasons.join(' '), /no-guests-here/);
  }
});

test("bob may not write into alice's namespace, nor change her policy", async () => {
  const refused = await cloud.ctl(['run-nodes', '-n', 'default', 'intruder', '1'], {
    context: 'bob@node4',
    code: 4,
  });
  assert.match(refused.stderr, /alice/);
  await cloud.ctl(['delete', 'trustpolicy', 'quiet-corner'], { context: 'bob@node4', code: 4 });
  await cloud.ctl(['get', 'trustpolicy', 'quiet-corner'], { context: 'bob@node4' });
});

test('a policy that is withdrawn lets bob in, and one that comes back ends his work there', async () => {
  await cloud.ctl(['delete', 'trustpolicy', 'quiet-corner'], { context: 'alice@node1' });
  await cloud.ready('wide', 10, 'bob@node5');
});
