import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { PeerId } from '../../../src/objects/ids.ts';
import {
  desiredMembers,
  population,
  publishedTarget,
  wantsNewTarget,
} from '../../../src/reconcilers/slice/desired.ts';
import { KeptPlaces } from '../../../src/reconcilers/slice/kept-places.ts';
import { lanAllocator, wanAllocator } from '../../../src/reconcilers/slice/config.ts';
import { settleMs, volunteerDelayMs } from '../../../src/reconcilers/slice/delay.ts';
import { aClaim, aMembership, aView } from './objects.ts';

test('the living are counted by name; suspects live, the away and the dead do not', () => {
  const membership = aMembership(
    'peer1' as PeerId,
    [1, 2, 3, 4, 5],
    [aView(2, { state: 'suspect' }), aView(3, { state: 'away' }), aView(4, { state: 'dead' })],
  );
  assert.equal(population(membership), 3);
  assert.equal(population(membership, 5000), 3, 'an estimate counts only in large clouds');
});

test('the estimate counts from a thousand living peers on', () => {
  const ats = Array.from({ length: 1000 }, (_, at) => at);
  assert.equal(population(aMembership('peer1' as PeerId, ats), 4999.6), 5000);
});

test('percent is taken of the published population, of the own count while there is none', () => {
  assert.equal(desiredMembers({ percent: 25 }, [], 20), 5);
  assert.equal(desiredMembers({ percent: 1 }, [], 20), 1);
  const claims = [
    aClaim(1, { target: { epoch: 1, population: 100 } }),
    aClaim(2, { state: 'Released', target: { epoch: 2, population: 40 } }),
    aClaim(3, { target: { epoch: 2, population: 36 } }),
  ];
  assert.deepEqual(publishedTarget(claims), { epoch: 2, population: 40 });
  assert.deepEqual(publishedTarget(claims.toReversed()), { epoch: 2, population: 40 });
  assert.equal(desiredMembers({ percent: 25 }, claims, 20), 10);
  assert.equal(desiredMembers({ size: 3 }, claims, 20), 3);
});

test('a target that no count can be is passed over', () => {
  const claims = [
    aClaim(1, { target: { epoch: 2 ** 60, population: 1 } }),
    aClaim(2, { target: { epoch: 1, population: 8 } }),
  ];
  assert.equal(publishedTarget(claims)?.population, 8);
});

test('a new population is wanted when it changes the size, an estimate only when it moves by a tenth', () => {
  assert.equal(wantsNewTarget(10, { epoch: 1, population: 20 }, 19), false);
  assert.equal(wantsNewTarget(10, { epoch: 1, population: 20 }, 21), true);
  assert.equal(wantsNewTarget(10, { epoch: 1, population: 5000 }, 5300), false);
  assert.equal(wantsNewTarget(10, { epoch: 1, population: 5000 }, 5600), true);
});

test('who is surely needed volunteers at once, others after the logarithm of their position', () => {
  assert.equal(volunteerDelayMs(4, 5, lanAllocator), 0);
  assert.equal(volunteerDelayMs(5, 5, lanAllocator), 100);
  assert.equal(volunteerDelayMs(10, 5, lanAllocator), 200);
  assert.ok(volunteerDelayMs(100_000, 5, lanAllocator) < 1600);
});

test('settling takes at least its preset, longer on slow links and in large slices', () => {
  assert.equal(settleMs(5, undefined, lanAllocator), 200);
  assert.equal(settleMs(65, 1, lanAllocator), 350);
  assert.equal(settleMs(5, 50, lanAllocator), 400);
  assert.equal(settleMs(5, 60_000, lanAllocator), 3000);
  assert.equal(settleMs(5, undefined, wanAllocator), 700);
});

// Kept places

const held = aClaim(2, { state: 'Held', index: 1 });

test('a reset keeps the place for replaceAfter, silence does not', () => {
  const kept = new KeptPlaces(lanAllocator);
  const reset = aView(2, { state: 'dead', reset: true, sinceMs: 1000 });
  assert.equal(kept.keptUntilMs(held, reset, {}, 1100), 2500);
  assert.equal(kept.keptUntilMs(held, reset, { replaceAfter: '10s' }, 1100), 11_000);
  assert.equal(kept.keptUntilMs(held, reset, { replaceAfter: '0s' }, 1100), 0);
  assert.equal(kept.keptUntilMs(held, { ...reset, reset: false }, {}, 1100), 0);
  assert.equal(kept.keptUntilMs({ ...held, leaving: true }, reset, {}, 1100), 0);
  assert.equal(kept.keptUntilMs(aClaim(2), reset, {}, 1100), 0, 'an Offer is no place');
});

test('an announced stop keeps it until the announced time, at most a minute', () => {
  const away = aView(2, { state: 'away', sinceMs: 1000, awayUntilMs: 31_000 });
  const kept = (view = away): number =>
    new KeptPlaces(lanAllocator).keptUntilMs(held, view, {}, 1100);
  assert.equal(kept(), 31_000);
  assert.equal(kept({ ...away, awayUntilMs: 900_000 }), 61_000);
});

test('a new boot within the time is given its time to speak, once; after it nothing', () => {
  const reset = aView(2, { state: 'dead', reset: true, sinceMs: 1000 });
  const back = aView(2, { boot: 2, sinceMs: 2400 });
  const inTime = new KeptPlaces(lanAllocator);
  inTime.keptUntilMs(held, reset, {}, 1100);
  assert.equal(inTime.keptUntilMs(held, back, {}, 2400), 4900);
  assert.equal(inTime.keptUntilMs(held, back, {}, 4000), 4900, 'not longer for being asked again');
  assert.equal(inTime.keptUntilMs(held, back, {}, 5000), 0);
  const late = new KeptPlaces(lanAllocator);
  late.keptUntilMs(held, reset, {}, 1100);
  assert.equal(late.keptUntilMs(held, { ...back, sinceMs: 2600 }, {}, 2600), 0);
});
