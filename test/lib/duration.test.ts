import assert from 'node:assert/strict';
import { test } from 'node:test';

import { formatDuration, parseDuration } from '../../src/lib/duration.ts';

test('durations read as Go reads them', () => {
  const cases: [string, number | undefined][] = [
    ['1500ms', 1500],
    ['1.5s', 1500],
    ['2m30s', 150_000],
    ['1h', 3_600_000],
    ['0s', 0],
    ['', undefined],
    ['5', undefined],
    ['-1s', undefined],
    ['1d', undefined],
    ['1s ', undefined],
    [`${'1'.repeat(40)}s`, undefined],
  ];
  for (const [text, ms] of cases) assert.equal(parseDuration(text), ms, text);
});

test('what is formatted reads back as the same time', () => {
  for (const ms of [0, 1, 999, 1000, 1500, 60_000, 90_000, 61_001, 3_600_000, 3_661_001]) {
    assert.equal(parseDuration(formatDuration(ms)), ms);
  }
  assert.equal(formatDuration(90_000), '1m30s');
  assert.equal(formatDuration(1500), '1500ms');
});
