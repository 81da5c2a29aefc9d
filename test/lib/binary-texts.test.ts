import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { fromBase58, toBase58 } from '../../src/lib/base58.ts';
import { fromBase64, toBase64 } from '../../src/lib/base64.ts';
import { fromHex, toHex } from '../../src/lib/hex.ts';

test('hex, base58 and base64 give back the bytes they were given', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 100 }), (bytes) => {
      assert.deepEqual(fromHex(toHex(bytes)), bytes);
      assert.deepEqual(fromBase58(toBase58(bytes)), bytes);
      assert.deepEqual(fromBase64(toBase64(bytes)), bytes);
    }),
  );
});

test('hex and base64 write what everyone writes', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 100 }), (bytes) => {
      assert.equal(toHex(bytes), Buffer.from(bytes).toString('hex'));
      assert.equal(toBase64(bytes), Buffer.from(bytes).toString('base64'));
    }),
  );
});

test('base58 agrees with the vectors of its draft', () => {
  const text = new TextEncoder();
  assert.equal(toBase58(text.encode('Hello World!')), '2NEpo7TZRRrLZSi2U');
  assert.equal(
    toBase58(text.encode('The quick brown fox jumps over the lazy dog.')),
    'USm3fpXnKG5EUBx2ndxBDMPVciP5hGey2Jh4NDv6gmeo1LkMeiKrLJUUBk6Z',
  );
  assert.equal(toBase58(Uint8Array.of(0, 0, 0x28, 0x7f, 0xb4, 0xcd)), '11233QC4');
});

test('a text has one spelling: what would decode to the same bytes otherwise is refused', () => {
  for (const text of ['0', '0G', 'AB', ' 00']) assert.equal(fromHex(text), undefined, text);
  for (const text of ['0', 'O', 'a b', 'l', '1'.repeat(500)]) {
    assert.equal(fromBase58(text), undefined, text);
  }
  for (const text of ['QQ', 'QR==', 'Q===', 'QQ=A', 'QQ\n=', 'QQ-_', '====']) {
    assert.equal(fromBase64(text), undefined, text);
  }
});
