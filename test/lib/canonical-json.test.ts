import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { canonicalJson } from '../../src/lib/canonical-json.ts';
import type { Json } from '../../src/objects/json.ts';

function shuffled(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(shuffled);
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value).map(([key, member]) => [key, shuffled(member)] as const);
  return Object.fromEntries(entries.toReversed());
}

test('the order of keys does not matter, and the text is JSON of the value', () => {
  fc.assert(
    fc.property(fc.jsonValue(), (value) => {
      const text = canonicalJson(value as Json);
      assert.equal(text, canonicalJson(shuffled(value) as Json));
      assert.equal(
        JSON.stringify(JSON.parse(text)),
        JSON.stringify(JSON.parse(canonicalJson(JSON.parse(text) as Json))),
      );
      assert.deepEqual(JSON.parse(text), JSON.parse(JSON.stringify(value)));
    }),
  );
});

test('it writes as RFC 8785 does', () => {
  const value = {
    peach: 'ö',
    '€': 'Euro',
    '\r': 'CR',
    '1': [1e30, 4.5, 0.002, 1e-27, -0],
    x: undefined,
  };
  assert.equal(
    canonicalJson(value),
    '{"\\r":"CR","1":[1e+30,4.5,0.002,1e-27,0],"peach":"ö","€":"Euro"}',
  );
});
