import assert from 'node:assert/strict';
import { test } from 'node:test';
import { encode } from 'cborg';
import fc from 'fast-check';
import {
  checkHello,
  encodeHello,
  type HelloFields,
  linkProtocolVersion,
} from '../../src/network/hello.ts';
import { encodeCredential } from '../../src/trust/credential.ts';
import { crypto, identity } from './test-cloud.ts';

const guest = identity('guest');
const { cloud } = guest.credential.peer;

function hello(changes: Partial<HelloFields> = {}): Uint8Array {
  return encodeHello({
    cloud,
    credential: encodeCredential(guest.credential),
    boot: 42,
    addresses: ['/ip4/10.0.0.7/tcp/4600', '/ip4/10.0.0.7/udp/4600'],
    software: '0.1.0',
    linkId: new Uint8Array(8).fill(1),
    lostLinkId: null,
    ...changes,
  });
}

const reasonOf = (bytes: Uint8Array): string | undefined =>
  checkHello(bytes, guest.peer, cloud, crypto).reason;

test('a hello says who, since when and where, and drops addresses that nobody can dial', () => {
  const { ok } = checkHello(hello(), guest.peer, cloud, crypto);
  assert.equal(ok?.credential.peer.name, 'guest');
  assert.equal(ok?.boot, 42);
  assert.deepEqual(ok?.addresses, ['/ip4/10.0.0.7/tcp/4600']);
  assert.equal(ok?.linkId, '0101010101010101');
  assert.equal(ok?.lostLinkId, undefined);
});

test('fields out of bounds are refused', () => {
  const many = Array.from({ length: 9 }, (_, i) => `/ip4/10.0.0.${i}/tcp/1`);
  for (const changes of [
    { boot: -1 },
    { boot: 1.5 },
    { addresses: many },
    { software: 'x'.repeat(65) },
    { linkId: new Uint8Array(7) },
    { lostLinkId: new Uint8Array(9) },
  ]) {
    assert.equal(reasonOf(hello(changes)), 'its hello cannot be read');
  }
  assert.equal(reasonOf(encode([linkProtocolVersion, cloud])), 'its hello cannot be read');
});

test('no bytes make the check throw, and none but a right hello pass', () => {
  const right = hello();
  const signed = Buffer.from(guest.credential.peer.encoded);
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 600 }), (bytes) => {
      assert.equal(checkHello(bytes, guest.peer, cloud, crypto).ok, undefined);
    }),
  );
  fc.assert(
    fc.property(fc.nat(right.length - 1), fc.integer({ min: 1, max: 255 }), (at, flip) => {
      const bent = right.slice();
      bent[at] = (bent[at] as number) ^ flip;
      const { ok } = checkHello(bent, guest.peer, cloud, crypto);
      // What is not signed (boot, addresses, ids) is the connection's own word; the credential is not.
      if (ok !== undefined) assert.deepEqual(Buffer.from(ok.credential.peer.encoded), signed);
    }),
  );
});
