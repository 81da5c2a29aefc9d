import assert from 'node:assert/strict';
import { test } from 'node:test';
import { encode } from 'cborg';
import fc from 'fast-check';
import { decodeBounded } from '../../src/lib/bounded-cbor.ts';

const bounds = { maxBytes: 4096, maxDepth: 4, maxItems: 64 };

test('what cborg writes within the bounds is read back', () => {
  const value = fc.jsonValue({ maxDepth: 3 });
  fc.assert(
    fc.property(value, (json) => {
      const bytes = encode(json);
      const wide = { maxBytes: bytes.length, maxDepth: 4, maxItems: 10_000 };
      assert.deepEqual(
        decodeBounded(bytes, wide),
        decodeBounded(encode(decodeBounded(bytes, wide)), wide),
      );
      assert.notEqual(decodeBounded(bytes, wide), undefined);
      assert.equal(decodeBounded(bytes, { ...wide, maxBytes: bytes.length - 1 }), undefined);
    }),
  );
});

test('depth, count and size are bounds, each by itself', () => {
  const nest = (depth: number): unknown => (depth === 0 ? 1 : [nest(depth - 1)]);
  assert.deepEqual(decodeBounded(encode(nest(4)), bounds), nest(4));
  assert.equal(decodeBounded(encode(nest(5)), bounds), undefined);
  assert.ok(decodeBounded(encode(Array.from({ length: 63 }, () => 0)), bounds));
  assert.equal(decodeBounded(encode(Array.from({ length: 64 }, () => 0)), bounds), undefined);
  assert.ok(decodeBounded(encode('x'.repeat(4093)), bounds));
  assert.equal(decodeBounded(encode('x'.repeat(4094)), bounds), undefined);
});

test('a hundred thousand nested arrays or a claim of 2^60 items cost nothing', () => {
  const deep = new Uint8Array(100_000).fill(0x81);
  assert.equal(decodeBounded(deep, { maxBytes: 1e6, maxDepth: 8, maxItems: 1e6 }), undefined);
  for (const major of [0x9b, 0xbb, 0x5b, 0x7b]) {
    const huge = Uint8Array.of(major, 0x10, 0, 0, 0, 0, 0, 0, 0);
    assert.equal(decodeBounded(huge, bounds), undefined);
  }
});

test('a second encoding of a value is refused', () => {
  for (const hex of [
    '1801',
    '190001',
    '9f01ff',
    'bf6161 01ff',
    'a2616101616102',
    'f7',
    'c101',
    'f97e00',
    'f97c00',
    '1bffffffffffffffff',
    '0101',
    '',
  ]) {
    assert.equal(
      decodeBounded(Buffer.from(hex.replaceAll(' ', ''), 'hex'), bounds),
      undefined,
      hex,
    );
  }
});

test('arbitrary bytes never throw', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
      decodeBounded(bytes, bounds);
    }),
    { numRuns: 2000 },
  );
});
