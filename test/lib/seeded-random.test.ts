import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { drawOne, drawSome } from '../../src/lib/draw.ts';
import { Heap } from '../../src/lib/heap.ts';
import { mix32, mix53 } from '../../src/lib/mix.ts';
import { SeededRandom } from '../../src/lib/seeded-random.ts';
import type { Random } from '../../src/lib/random.ts';

const draws = (random: Random, count: number): number[] =>
  Array.from({ length: count }, () => random.next());

describe('seeded random', () => {
  it('a run is its seed', () => {
    assert.deepEqual(draws(new SeededRandom('a'), 50), draws(new SeededRandom('a'), 50));
    assert.notDeepEqual(draws(new SeededRandom('a'), 50), draws(new SeededRandom('b'), 50));
  });

  it('a fork depends on seed and label, not on what was drawn before', () => {
    const one = new SeededRandom('a');
    const two = new SeededRandom('a');
    draws(two, 10);
    assert.deepEqual(draws(one.fork('x'), 10), draws(two.fork('x'), 10));
    assert.notDeepEqual(draws(one.fork('x'), 10), draws(one.fork('y'), 10));
  });

  it('is uniform: 64 bins of 64,000 draws, chi-square below its 99.9 % point', () => {
    const random = new SeededRandom('uniform');
    const bins = Array.from({ length: 64 }, () => 0);
    for (let i = 0; i < 64_000; i++) {
      const bin = random.int(64);
      bins[bin] = (bins[bin] ?? 0) + 1;
    }
    const chiSquare = bins.reduce((sum, count) => sum + (count - 1000) ** 2 / 1000, 0);
    assert.ok(chiSquare < 104, `chi-square ${chiSquare}`);
    for (const drawn of draws(random, 1000)) assert.ok(drawn >= 0 && drawn < 1);
  });
});

describe('draw', () => {
  it('draws each at most once and never more than there are', () => {
    const random = new SeededRandom('draw');
    const items = [1, 2, 3, 4, 5];
    assert.deepEqual(
      drawSome(items, 9, random).toSorted((a, b) => a - b),
      items,
    );
    assert.equal(new Set(drawSome(items, 3, random)).size, 3);
    assert.deepEqual(drawSome(items, -1, random), []);
    assert.equal(drawOne([], random), undefined);
    assert.deepEqual(items, [1, 2, 3, 4, 5]);
  });
});

describe('heap', () => {
  it('hands out what a sort would, also when pushed to in between', () => {
    const random = new SeededRandom('heap');
    const heap = new Heap<number>((a, b) => a - b);
    const naive: number[] = [];
    for (let step = 0; step < 5000; step++) {
      if (random.int(3) < 2) {
        const item = random.int(1000);
        heap.push(item);
        naive.push(item);
      } else {
        naive.sort((a, b) => a - b);
        assert.equal(heap.peek(), naive[0]);
        assert.equal(heap.pop(), naive.shift());
      }
      assert.equal(heap.size, naive.length);
    }
  });
});

describe('mix', () => {
  it('gives the same numbers on every machine', () => {
    assert.deepEqual(
      [mix53(''), mix53('a'), mix53('a', 1), mix32('a')],
      [4_096_244_671_306_936, 2_666_321_336_347_559, 1_501_791_452_861_006, 1_344_023_463],
    );
  });

  it('spreads texts that differ in one letter over the whole circle', () => {
    const bins = Array.from({ length: 16 }, () => 0);
    for (let i = 0; i < 16_000; i++) {
      const bin = Math.floor((mix53(`slice/${i}`) / 2 ** 53) * 16);
      bins[bin] = (bins[bin] ?? 0) + 1;
    }
    for (const count of bins) assert.ok(count > 850 && count < 1150, bins.join());
  });
});
