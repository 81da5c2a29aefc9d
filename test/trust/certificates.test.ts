import assert from 'node:assert/strict';
import { test } from 'node:test';
import { generateKeyPair } from '@libp2p/crypto/keys';
import { peerIdFromPrivateKey } from '@libp2p/peer-id';
import { encodeCredential, verifyCredential } from '../../src/trust/credential.ts';
import { issueDelegation, parseDelegation, verifyDelegation } from '../../src/trust/delegation.ts';
import {
  issueOwnerCertificate,
  parseOwnerCertificate,
  verifyOwnerCertificate,
} from '../../src/trust/owner-certificate.ts';
import { verifyPeerCertificate } from '../../src/trust/peer-certificate.ts';
import { peerIdFromPublicKey, publicKeyFromPeerId } from '../../src/trust/peer-id.ts';
import type { OwnerName } from '../../src/objects/ids.ts';
import { crypto, TestCloud } from './cloud.ts';

const cloud = new TestCloud();
const root = { cloud: cloud.id, rootKey: cloud.root.publicKey };
const alice = cloud.owner('alice');
const bob = cloud.owner('bob');
const node1 = cloud.peer('node1', alice);

test('a peer id is the one that libp2p derives from the same key, and leads back to it', async () => {
  for (let i = 0; i < 8; i++) {
    const key = await generateKeyPair('Ed25519');
    const id = peerIdFromPublicKey(key.publicKey.raw);
    assert.equal(id, peerIdFromPrivateKey(key).toString());
    assert.deepEqual(Buffer.from(publicKeyFromPeerId(id) ?? []), Buffer.from(key.publicKey.raw));
  }
  assert.equal(publicKeyFromPeerId('QmYyQSo1c1Ym7orWxLYvCrM2EmxFTANf8wXmmE7DWjhx5N'), undefined);
  assert.equal(publicKeyFromPeerId('12D3Koo'), undefined);
  assert.equal(publicKeyFromPeerId(''), undefined);
});

test('a credential is accepted when its chain leads from the root to the peer', () => {
  const checked = verifyCredential(cloud.id, node1.credential, crypto);
  assert.equal(checked.ok?.peer.name, 'node1');
  assert.equal(checked.ok?.peer.peer, node1.id);
  assert.equal(checked.ok?.owner.owner, 'alice');
  assert.deepEqual(checked.ok?.owner.namespaces, ['default', 'alice', 'alice-*']);
});

test('a credential of another cloud is refused, whichever part is foreign', () => {
  const other = new TestCloud('other');
  const stranger = other.owner('alice');
  const theirs = other.peer('node1', stranger);
  assert.match(
    verifyCredential(cloud.id, theirs.credential, crypto).reason ?? '',
    /of another cloud/,
  );
  const withOurRoot = encodeCredential({
    rootKey: root.rootKey,
    owner: stranger.certificate,
    peer: theirs.certificate,
  });
  assert.match(verifyCredential(cloud.id, withOurRoot, crypto).reason ?? '', /of another cloud/);
  const withOurOwner = encodeCredential({
    rootKey: root.rootKey,
    owner: alice.certificate,
    peer: theirs.certificate,
  });
  assert.match(verifyCredential(cloud.id, withOurOwner, crypto).reason ?? '', /of another cloud/);
});

test('a certificate that its issuer did not sign is refused', () => {
  const selfMade = issueOwnerCertificate(alice.signer, {
    ...alice.certificate,
    owner: 'mallory' as OwnerName,
  });
  assert.match(
    verifyOwnerCertificate(selfMade.encoded, root, crypto).reason ?? '',
    /not signed by this cloud's root/,
  );
  assert.match(
    verifyPeerCertificate(node1.certificate.encoded, bob.certificate, crypto).reason ?? '',
    /names owner alice and came with that of bob/,
  );
  const byBob = issueDelegation(bob.signer, cloud.delegation(alice, node1));
  assert.match(
    verifyDelegation(byBob.encoded, alice.certificate, crypto).reason ?? '',
    /not signed by alice/,
  );
});

test('no changed bit of a credential or delegation passes, and none throws', () => {
  const delegation = cloud.delegation(alice, node1).encoded;
  for (const [bytes, accepts] of [
    [node1.credential, (b: Uint8Array) => verifyCredential(cloud.id, b, crypto).ok],
    [delegation, (b: Uint8Array) => verifyDelegation(b, alice.certificate, crypto).ok],
  ] as const) {
    assert.ok(accepts(bytes));
    for (let i = 0; i < bytes.length; i++) {
      const altered = Uint8Array.from(bytes);
      altered[i] = (altered[i] as number) ^ (1 << (i % 8));
      assert.equal(accepts(altered), undefined, `bit ${i % 8} of byte ${i}`);
    }
    for (let i = 0; i < bytes.length; i++) assert.equal(accepts(bytes.subarray(0, i)), undefined);
  }
});

test('a statement of one kind is none of another', () => {
  assert.equal(parseOwnerCertificate(node1.certificate.encoded).ok, undefined);
  assert.equal(parseDelegation(alice.certificate.encoded).ok, undefined);
});

test('a delegation lasts 30 days at most and names only known verbs', () => {
  const expiresAtMs = cloud.issuedAtMs + 30 * 24 * 3600 * 1000 + 1;
  assert.throws(() => cloud.delegation(alice, node1, { expiresAtMs }), /within 30 days/);
  assert.throws(() => cloud.delegation(alice, node1, { verbs: ['own'] }), /verbs/);
  assert.throws(() => cloud.delegation(alice, node1, { namespaces: ['a*'] }), /namespaces/);
});
