import assert from 'node:assert/strict';
import { test } from 'node:test';

import { formatBytes, parseQuantity } from '../../src/lib/quantity.ts';

test('quantities read as Kubernetes reads them', () => {
  const cases: [string, number | undefined][] = [
    ['8Gi', 8 * 2 ** 30],
    ['8G', 8e9],
    ['500m', 0.5],
    ['1.5', 1.5],
    ['.5', 0.5],
    ['-2', -2],
    ['1e3', 1000],
    ['1E', 1e18],
    ['100n', 1e-7],
    ['', undefined],
    ['8gb', undefined],
    ['8 Gi', undefined],
    ['Gi', undefined],
    ['1e3Ki', undefined],
    ['9'.repeat(33), undefined],
  ];
  for (const [text, value] of cases) assert.equal(parseQuantity(text), value, text);
});

test('bytes print in the unit a person would choose', () => {
  assert.equal(formatBytes(8 * 2 ** 30), '8Gi');
  assert.equal(formatBytes(8_160_437_862), '7.6Gi');
  assert.equal(formatBytes(512 * 2 ** 20), '512Mi');
  assert.equal(formatBytes(100), '100');
});
