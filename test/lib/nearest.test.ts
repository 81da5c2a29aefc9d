import assert from 'node:assert/strict';
import fc from 'fast-check';
import { test } from 'node:test';

import { editDistance, nearest } from '../../src/lib/nearest.ts';

const word = fc.string({ maxLength: 12 });

test('the distance counts inserts, deletes, replacements and swaps of neighbours', () => {
  assert.equal(editDistance('slice', 'slice'), 0);
  assert.equal(editDistance('slcie', 'slice'), 1);
  assert.equal(editDistance('kitten', 'sitting'), 3);
  assert.equal(editDistance('', 'abc'), 3);
});

test('the distance is symmetric and at most the longer length', () => {
  fc.assert(
    fc.property(word, word, (a, b) => {
      assert.equal(editDistance(a, b), editDistance(b, a));
      assert.ok(editDistance(a, b) <= Math.max(a.length, b.length));
      assert.equal(editDistance(a, b) === 0, a === b);
    }),
  );
});

test('only what may have been meant is proposed', () => {
  assert.equal(nearest('gte', ['get', 'apply']), 'get');
  assert.equal(nearest('Instnaces', ['instances', 'claims']), 'instances');
  assert.equal(nearest('frobnicate', ['get', 'apply', 'describe']), undefined);
  assert.equal(nearest('x', []), undefined);
});
