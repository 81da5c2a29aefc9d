import assert from 'node:assert/strict';
import { test } from 'node:test';
import { decide, type WrittenPolicy } from '../../src/trust/decide.ts';
import { delegatesNamespace, ownsNamespace } from '../../src/trust/namespaces.ts';
import type { TrustPolicySpec } from '../../src/objects/kinds/trust-policy.ts';
import type { OwnerName, PeerName } from '../../src/objects/ids.ts';

const alice = 'alice' as OwnerName;
const bob = 'bob' as OwnerName;
const carol = 'carol' as OwnerName;
const node3 = { name: 'node3' as PeerName, owner: alice };

function policy(name: string, spec: TrustPolicySpec, writer: OwnerName = alice): WrittenPolicy {
  return { name, writer, spec };
}

const guests = policy('guests', { rules: [{ name: 'all', owners: ['*'], drivers: ['*'] }] });

test('a machine without a policy serves its own owner only, and says so', () => {
  assert.equal(decide([], node3, { owner: alice, driver: 'process' }).allowed, true);
  const refused = decide([], node3, { owner: bob });
  assert.equal(refused.allowed, false);
  assert.equal(
    refused.message,
    'node3 serves its own owner alice only: no TrustPolicy of alice applies to it',
  );
});

test('a machine serves its own owner whatever the policies say', () => {
  const none = policy('none', { rules: [{ name: 'no', effect: 'Deny', owners: ['*'] }] });
  assert.equal(decide([none], node3, { owner: alice, driver: 'process' }).allowed, true);
});

test('a rule that denies wins over one that allows, in any policy, and is named', () => {
  const noBob = policy('quiet', {
    rules: [
      { name: 'some', owners: ['*'] },
      { name: 'no-bob', effect: 'Deny', owners: ['bob'] },
    ],
  });
  const decision = decide([guests, noBob], node3, { owner: bob });
  assert.deepEqual(decision, {
    allowed: false,
    policy: 'quiet',
    rule: 'no-bob',
    message: 'TrustPolicy quiet refuses owner bob on node3 (rule "no-bob")',
  });
  assert.equal(decide([guests, noBob], node3, { owner: carol }).rule, 'all');
});

test('process is for others only where a rule lists it', () => {
  const plain = policy('plain', { rules: [{ name: 'friends', owners: ['bob'] }] });
  assert.equal(decide([plain], node3, { owner: bob, driver: 'sandbox' }).allowed, true);
  const refused = decide([plain], node3, { owner: bob, driver: 'process' });
  assert.equal(refused.allowed, false);
  assert.equal(
    refused.message,
    'TrustPolicy plain refuses driver process to owner bob on node3: no rule allows it',
  );
  assert.equal(decide([guests], node3, { owner: bob, driver: 'process' }).allowed, true);
});

test('with no driver named, one that is denied does not refuse and one that is allowed admits', () => {
  const spec: TrustPolicySpec = {
    rules: [
      { name: 'vm-only', owners: ['bob'], drivers: ['vm'] },
      { name: 'no-process', effect: 'Deny', owners: ['*'], drivers: ['process'] },
    ],
  };
  const policies = [policy('lab', spec)];
  assert.equal(decide(policies, node3, { owner: bob }).allowed, true);
  assert.equal(decide(policies, node3, { owner: bob, driver: 'vm' }).allowed, true);
  assert.equal(decide(policies, node3, { owner: bob, driver: 'process' }).rule, 'no-process');
  assert.equal(decide(policies, node3, { owner: bob, driver: 'sandbox' }).allowed, false);
});

test('a policy speaks for the machines it lists', () => {
  const listed = { ...guests, spec: { ...(guests.spec as TrustPolicySpec), peers: ['node4'] } };
  assert.equal(decide([listed], node3, { owner: bob }).allowed, false);
  const node4 = { ...node3, name: 'node4' as PeerName };
  assert.equal(decide([listed], node4, { owner: bob }).allowed, true);
});

test("another owner's policy neither opens nor closes a machine", () => {
  assert.equal(decide([{ ...guests, writer: bob }], node3, { owner: bob }).allowed, false);
  const closing = policy('x', { rules: [{ name: 'no', effect: 'Deny', owners: ['*'] }] }, bob);
  assert.equal(decide([guests, closing], node3, { owner: carol }).allowed, true);
});

test('a word that is not known refuses', () => {
  const rule = { name: 'all', owners: ['*'] };
  for (const spec of [
    { rules: [{ ...rule, hours: '20-08' }] },
    { rules: [{ ...rule, effect: 'Permit' }] },
    { rules: [{ ...rule, owners: 'bob' }] },
    { rules: [{ ...rule, drivers: [1] }] },
    { rules: [rule], quota: 3 },
    { rules: [null] },
    { rules: {} },
    { peers: 'node3', rules: [rule] },
    {},
    null,
    'allow',
  ]) {
    const decision = decide([guests, { name: 'odd', writer: alice, spec }], node3, { owner: bob });
    assert.equal(decision.allowed, false, JSON.stringify(spec));
    assert.equal(decision.policy, 'odd');
    assert.match(
      decision.message,
      /^TrustPolicy odd refuses owner bob on node3: this peer does not understand /,
    );
  }
});

test('a namespace belongs to an owner by name or by prefix', () => {
  const certificate = { namespaces: ['default', 'bob-*'] };
  for (const mine of ['default', 'bob-1', 'bob-', '']) assert.ok(ownsNamespace(certificate, mine));
  for (const other of ['bob', 'bobby', 'default-1', '*', 'alice']) {
    assert.ok(!ownsNamespace(certificate, other), other);
  }
});

test('only a delegation of everything reaches objects without a namespace', () => {
  assert.ok(delegatesNamespace({ namespaces: ['*'] }, ''));
  assert.ok(delegatesNamespace({ namespaces: ['*'] }, 'any'));
  assert.ok(!delegatesNamespace({ namespaces: ['default', 'x-*'] }, ''));
  assert.ok(delegatesNamespace({ namespaces: ['default', 'x-*'] }, 'x-1'));
});
