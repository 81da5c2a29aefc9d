import assert from 'node:assert/strict';
import { test } from 'node:test';

import { formatAge } from '../../src/lib/age.ts';

test('ages print as kubectl prints them', () => {
  const s = 1000;
  const [m, h, d] = [60 * s, 3600 * s, 86_400 * s];
  const cases: [number, string][] = [
    [-5 * s, '<invalid>'],
    [-500, '0s'],
    [0, '0s'],
    [119 * s, '119s'],
    [2 * m, '2m'],
    [5 * m + 10 * s, '5m10s'],
    [10 * m + 10 * s, '10m'],
    [179 * m, '179m'],
    [3 * h + 25 * m, '3h25m'],
    [8 * h + 25 * m, '8h'],
    [47 * h, '47h'],
    [2 * d, '2d'],
    [2 * d + 4 * h, '2d4h'],
    [8 * d + 4 * h, '8d'],
    [729 * d, '729d'],
    [731 * d, '2y1d'],
    [3000 * d, '8y'],
  ];
  for (const [ms, text] of cases) assert.equal(formatAge(ms), text, `${ms}`);
});
