import assert from 'node:assert/strict';
import { test } from 'node:test';

import { desiredByPercent } from '../../src/lib/percent.ts';

test('a percentage is rounded up, is never nothing and is exact where it divides', () => {
  assert.equal(desiredByPercent(10, 25), 3);
  assert.equal(desiredByPercent(7, 100), 7);
  assert.equal(desiredByPercent(29, 100), 29);
  assert.equal(desiredByPercent(1, 5), 1);
  assert.equal(desiredByPercent(50, 0), 1);
  assert.equal(desiredByPercent(100, 1000), 1000);
});
