import assert from 'node:assert/strict';
import { test } from 'node:test';
import { AnswerTimes } from '../../src/gossip/failure-detector/answer-times.ts';
import type { PeerId } from '../../src/objects/ids.ts';

const peer = 'a' as PeerId;

function after(samplesMs: readonly number[]): number {
  const times = new AnswerTimes();
  for (const [number, sampleMs] of samplesMs.entries()) {
    times.sent(number, peer, 0);
    times.answered(number, peer, sampleMs);
  }
  return times.patienceMs(peer);
}

test('who answers in milliseconds gets no more patience than before', () => {
  assert.ok(after(Array.from({ length: 20 }, () => 2)) < 10);
});

test('who answers late is waited for longer than its usual answer takes, and forgiven soon', () => {
  const slow = Array.from({ length: 5 }, () => 1500);
  assert.ok(after(slow) > 1500);
  assert.ok(after([...slow, ...Array.from({ length: 40 }, () => 2)]) < 100);
});

test('an answer counts once, and only from whom it was asked', () => {
  const times = new AnswerTimes();
  times.sent(1, peer, 0);
  times.answered(1, 'b' as PeerId, 900);
  assert.equal(times.patienceMs(peer), 0);
  times.answered(1, peer, 900);
  const once = times.patienceMs(peer);
  times.answered(1, peer, 9000);
  assert.equal(times.patienceMs(peer), once);
});
