import assert from 'node:assert/strict';
import { test } from 'node:test';
import { decode, encode } from 'cborg';
import { kindKeys } from '../../src/objects/kind-keys.ts';
import { makeOwnerRecord, makePeerRecord } from '../../src/store/make-record.ts';
import { verifyRecord } from '../../src/store/verify-record.ts';
import { issuePeerCertificate } from '../../src/trust/peer-certificate.ts';
import { crypto, TestCloud } from '../trust/cloud.ts';
import {
  alice,
  bob,
  claimed,
  cloud,
  env,
  node1,
  node2,
  sliceDraft,
  startMs,
  written,
} from './writers.ts';
import type { KindKey, PeerName } from '../../src/objects/ids.ts';
import type { Json } from '../../src/objects/json.ts';
import type { RecordDraft } from '../../src/store/make-record.ts';

function byDelegation(
  changes: Parameters<TestCloud['delegation']>[2],
  draft: Partial<RecordDraft>,
): string | undefined {
  const delegation = cloud.delegation(alice, node1, changes);
  const certificates = { owner: alice.certificate.encoded, delegation: delegation.encoded };
  return makeOwnerRecord(node1.signer, certificates, { ...sliceDraft, ...draft }, crypto).reason;
}

test('what was made is read back the same by others', () => {
  for (const record of [
    written(),
    written({ base: written(), order: [startMs + 1, 7], scope: 'u9', namespace: 'alice-lab' }),
    written({ kind: kindKeys.trustPolicy, namespace: '', name: 'guests' }),
    written({ slot: 'finalizer/p2pcs.io/x', value: { present: true } }),
    claimed(node1),
  ]) {
    const verified = verifyRecord(record.bytes, env());
    assert.deepEqual(verified, { record });
  }
});

test('no changed bit, cut or extension of a record passes, and none throws', () => {
  const checks = env();
  for (const { bytes } of [written(), claimed(node1)]) {
    assert.ok(verifyRecord(bytes, checks).record);
    for (let i = 0; i < bytes.length; i++) {
      const altered = Uint8Array.from(bytes);
      altered[i] = (altered[i] as number) ^ (1 << (i % 8));
      assert.equal(verifyRecord(altered, checks).record, undefined, `byte ${i}`);
      assert.equal(verifyRecord(bytes.subarray(0, i), checks).record, undefined);
    }
    assert.equal(verifyRecord(Uint8Array.of(...bytes, 0), checks).reason, 'decoding');
  }
});

test('a record of a later format is refused by that name', () => {
  const parts = decode(written().bytes) as Uint8Array[];
  const body = decode(parts[0] as Uint8Array) as unknown[];
  const later = encode([encode([2, 'anything']), ...parts.slice(1)]);
  assert.equal(verifyRecord(later, env()).reason, 'version');
  const odd = encode([encode([1, ...body.slice(2)]), ...parts.slice(1)]);
  assert.equal(verifyRecord(odd, env()).reason, 'decoding');
});

test('a record of another cloud is refused', () => {
  const other = new TestCloud('other');
  const root = { ...env(), cloud: other.id };
  assert.equal(verifyRecord(written().bytes, root).reason, 'cloud');
});

test('a chain that was verified for one record serves no other', () => {
  const checks = env();
  assert.ok(verifyRecord(written().bytes, checks).record);
  const [body, signature] = decode(written({}, bob).bytes) as Uint8Array[];
  const [, , owner, delegation] = decode(written().bytes) as Uint8Array[];
  const mixed = encode([body, signature, owner, delegation]);
  assert.equal(verifyRecord(mixed, checks).reason, 'rules');
});

test('an owner writes what their certificate and delegation reach, and nothing else', () => {
  assert.equal(byDelegation({}, {}), undefined);
  assert.match(
    byDelegation({}, { namespace: 'bob' }) ?? '',
    /namespace bob does not belong to alice, who owns default, alice, alice-\*/,
  );
  assert.match(
    byDelegation({ namespaces: ['alice'] }, {}) ?? '',
    /does not reach namespace default/,
  );
  assert.match(
    byDelegation({ namespaces: ['default'] }, { namespace: '', kind: kindKeys.trustPolicy }) ?? '',
    /does not reach objects without a namespace/,
  );
  assert.match(
    byDelegation({ verbs: ['create'] }, { base: written() }) ?? '',
    /does not allow update/,
  );
  assert.match(
    byDelegation({ verbs: ['create', 'update'] }, { slot: 'tombstone', value: { at: 1 } }) ?? '',
    /does not allow delete/,
  );
  assert.match(
    byDelegation({ expiresAtMs: startMs - 1 }, {}) ?? '',
    /was written at .*; log in again/,
  );
  assert.match(byDelegation({ issuedAtMs: startMs + 60_001 }, {}) ?? '', /is valid from/);
  assert.match(byDelegation({}, { kind: kindKeys.claim }) ?? '', /only a peer writes/);
  const certificates = {
    owner: alice.certificate.encoded,
    delegation: cloud.delegation(alice, node1).encoded,
  };
  assert.match(
    makeOwnerRecord(node2.signer, certificates, sliceDraft, crypto).reason ?? '',
    /delegated to/,
  );
});

test('a peer speaks of itself alone', () => {
  const attempt = (changes: Partial<RecordDraft>): string | undefined => {
    const certificates = { owner: alice.certificate.encoded, peer: node1.certificate.encoded };
    const { body } = claimed(node1);
    const draft = {
      kind: body.kind,
      namespace: body.namespace,
      name: body.name,
      uid: body.uid,
      slot: body.slot,
      order: body.order,
      value: body.value,
    };
    return makePeerRecord(node1.signer, certificates, { ...draft, ...changes }, crypto).reason;
  };
  const spec = { peer: 'node1', peerId: node1.id };
  assert.equal(attempt({}), undefined);
  assert.match(attempt({ name: 'structures-node2' }) ?? '', /not named after node1/);
  assert.match(
    attempt({ value: { spec: { ...spec, peerId: node2.id } } }) ?? '',
    /another peer than node1/,
  );
  assert.match(
    attempt({ value: { spec: { ...spec, peer: 'node2' } } }) ?? '',
    /spec.peer is not node1/,
  );
  assert.match(attempt({ value: {} }) ?? '', /another peer/);
  assert.match(attempt({ kind: kindKeys.slice }) ?? '', /only an owner can/);
  assert.match(attempt({ slot: 'deleting', value: { at: 1 } }) ?? '', /no slot deleting/);
  assert.match(attempt({ namespace: '' }) ?? '', /does not fit its kind/);
  const peer = {
    kind: kindKeys.peer,
    namespace: '',
    name: 'node1',
    value: { spec: { peerId: node1.id, owner: 'alice' } },
  };
  assert.equal(attempt(peer), undefined);
  assert.match(attempt({ ...peer, name: 'x-node1' }) ?? '', /not named after/);
  assert.match(
    attempt({ ...peer, value: { spec: { peerId: node1.id, owner: 'bob' } } }) ?? '',
    /spec.owner is not alice/,
  );
});

test('a certificate that its owner did not sign makes no peer', () => {
  const forged = issuePeerCertificate(bob.signer, {
    ...node1.certificate,
    name: 'node9' as PeerName,
  });
  const impostor = { ...node1, certificate: forged };
  const made = claimed(impostor, { name: 'structures-node9' });
  assert.equal(verifyRecord(made.bytes, env()).reason, 'chain');
});

test('what could not be read back is not made', () => {
  const attempt = (changes: Partial<RecordDraft>): string => byDelegation({}, changes) ?? '';
  let deep: Json = 1;
  for (let i = 0; i < 40; i++) deep = [deep];
  assert.match(attempt({ value: { deep } }), /nested too deeply/);
  assert.match(attempt({ name: 'UPPER' }), /malformed/);
  assert.match(attempt({ kind: 'no kind' as KindKey }), /malformed/);
  assert.match(attempt({ value: { text: 'x'.repeat(256 * 1024) } }), /at most 261120 are stored/);
});
